// The tables as Kysely sees them: the same names in SQLite and in PostgreSQL.

interface FactColumns {
  source: string;
  /** Milliseconds since the epoch. */
  time: number;
  fresh_until: number | null;
  failure: string | null;
}

export interface ProjectRow extends FactColumns {
  name: string;
  display_name: string | null;
  summary: string | null;
  license: string | null;
  urls: string | null;
  status: string | null;
  status_reason: string | null;
}

export interface ReleaseRow extends FactColumns {
  project: string;
  version: string;
  requires_python: string | null;
  yanked: number;
  yanked_reason: string | null;
  uploaded: number | null;
}

export interface ArtifactRow extends ReleaseRow {
  filename: string;
  kind: string;
  url: string | null;
  size: number | null;
}

export interface ArtifactDigestRow {
  filename: string;
  source: string;
  algorithm: string;
  digest: string;
}

export interface MetadataRow extends FactColumns {
  filename: string;
  project: string;
  version: string;
  sha256: string | null;
  requires_python: string | null;
  summary: string | null;
  license: string | null;
  provides_extra: string;
  urls: string | null;
}

export interface DependencyRow {
  filename: string;
  source: string;
  position: number;
  name: string;
  requirement: string;
}

export interface InspectionRow extends FactColumns {
  id: string;
  manifest: string | null;
  manifest_digest: string | null;
  stack_digest: string;
  environment_digest: string;
  environment: string;
  outcome: string;
  started_at: number;
  duration: number;
  log_path: string | null;
}

interface InspectionPart {
  inspection: string;
  position: number;
}

export interface InspectionPackageRow extends InspectionPart {
  name: string;
  version: string;
  sha256: string | null;
}

export interface InspectionStageRow extends InspectionPart {
  name: string;
  outcome: string;
  ms: number;
  detail: string | null;
  requirement: string | null;
}

export interface ObservationRow extends InspectionPart {
  kind: string;
  package: string | null;
  message: string;
  lines: string;
}

export interface IndicatorRow extends InspectionPart {
  name: string;
  value: number;
  unit: string;
  runs: string | null;
}

export interface NameListRow {
  source: string;
  time: number;
  count: number;
  generation: number;
}

export interface AdvisorySourceRow {
  source: string;
  place: string;
  license: string;
  time: number;
  newest: number;
  as_of: number;
  records: number;
}

export interface AdvisoryRecordRow {
  package: string;
  source: string;
  id: string;
  modified: number;
  record: string;
}

export interface IdentityRow {
  project: string;
  version: string;
  filename: string;
  sha256: string;
  source: string;
  signer: string;
  identity: string;
  uploaded: number | null;
  first_seen: number;
  last_seen: number;
}

export interface KnowledgeSchema {
  projects: ProjectRow;
  releases: ReleaseRow;
  artifacts: ArtifactRow;
  artifact_digests: ArtifactDigestRow;
  metadata: MetadataRow;
  dependencies: DependencyRow;
  inspections: InspectionRow;
  inspection_packages: InspectionPackageRow;
  inspection_stages: InspectionStageRow;
  observations: ObservationRow;
  indicators: IndicatorRow;
  name_lists: NameListRow;
  advisory_sources: AdvisorySourceRow;
  advisories: AdvisoryRecordRow;
  identities: IdentityRow;
}
