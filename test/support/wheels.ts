// Builds small wheels and sdists in memory, so that tests need no files and no internet.
import { createHash } from "node:crypto";
import { gzipSync, strToU8, zipSync } from "fflate";

export interface BuiltArtifact {
  readonly filename: string;
  readonly bytes: Uint8Array;
  readonly sha256: string;
  /** The core metadata inside: METADATA of a wheel, PKG-INFO of an sdist. */
  readonly metadata: string;
}

export interface WheelOptions {
  readonly name: string;
  readonly version: string;
  /** Requires-Dist, as written. */
  readonly requires?: readonly string[];
  readonly requiresPython?: string;
  readonly extras?: readonly string[];
  readonly summary?: string;
  /** Modules by dotted name: `{"pkg.mod": "x = 1"}`. One module of the project's name by default. */
  readonly modules?: Readonly<Record<string, string>>;
  /** Any other file of the archive, by its path: an `entry_points.txt`, a shared library. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  /** `py3-none-any` by default. */
  readonly tag?: string;
  readonly buildTag?: string;
  readonly metadataVersion?: string;
  /** Further header lines of the metadata. */
  readonly headers?: readonly string[];
  /** The metadata as it is to be, whatever the options above say. */
  readonly metadata?: string;
}

const escapeName = (name: string): string => name.replace(/[-_.]+/g, "_").toLowerCase();
const sha256 = (bytes: Uint8Array, encoding: "hex" | "base64url"): string =>
  createHash("sha256").update(bytes).digest(encoding);

/** The core metadata that `options` ask for, as METADATA or PKG-INFO has it. */
export function metadataText(options: WheelOptions): string {
  if (options.metadata !== undefined) return options.metadata;
  const lines = [
    `Metadata-Version: ${options.metadataVersion ?? "2.2"}`,
    `Name: ${options.name}`,
    `Version: ${options.version}`,
  ];
  if (options.summary) lines.push(`Summary: ${options.summary}`);
  if (options.requiresPython) lines.push(`Requires-Python: ${options.requiresPython}`);
  for (const requirement of options.requires ?? []) lines.push(`Requires-Dist: ${requirement}`);
  for (const extra of options.extras ?? []) lines.push(`Provides-Extra: ${extra}`);
  lines.push(...(options.headers ?? []));
  return `${lines.join("\n")}\n\n`;
}

/** A wheel that pip installs: METADATA, WHEEL, RECORD and its modules. The same options give the same bytes. */
export function buildWheel(options: WheelOptions): BuiltArtifact {
  const tag = options.tag ?? "py3-none-any";
  const stem = `${escapeName(options.name)}-${options.version}`;
  const metadata = metadataText(options);
  const info = `${stem}.dist-info`;
  const contents: Record<string, Uint8Array> = {};
  const modules = options.modules ?? { [escapeName(options.name)]: `__version__ = "${options.version}"\n` };
  for (const [module, source] of Object.entries(modules)) {
    const isPackage = Object.keys(modules).some((other) => other.startsWith(`${module}.`));
    contents[`${module.replaceAll(".", "/")}${isPackage ? "/__init__" : ""}.py`] = strToU8(source);
  }
  for (const [path, data] of Object.entries(options.files ?? {})) {
    contents[path] = typeof data === "string" ? strToU8(data) : data;
  }
  const [python = "py3", abi = "none", platforms = "any"] = tag.split("-");
  const tags = python
    .split(".")
    .flatMap((p) => abi.split(".").flatMap((a) => platforms.split(".").map((x) => `Tag: ${p}-${a}-${x}`)));
  contents[`${info}/METADATA`] = strToU8(metadata);
  contents[`${info}/WHEEL`] = strToU8(
    `Wheel-Version: 1.0\nGenerator: thoth-tests\nRoot-Is-Purelib: ${platforms === "any"}\n${tags.join("\n")}\n`,
  );
  const record = Object.entries(contents).map(
    ([path, data]) => `${path},sha256=${sha256(data, "base64url")},${data.length}`,
  );
  contents[`${info}/RECORD`] = strToU8(`${[...record, `${info}/RECORD,,`].join("\n")}\n`);
  const bytes = zipSync(contents, { mtime: new Date(2024, 0, 1, 0, 0, 0), level: 6 });
  const build = options.buildTag ? `-${options.buildTag}` : "";
  return { filename: `${stem}${build}-${tag}.whl`, bytes, sha256: sha256(bytes, "hex"), metadata };
}

/** One ustar header. Names must be shorter than 100 bytes, as all of ours are. */
function tarHeader(name: string, size: number): Uint8Array {
  const header = new Uint8Array(512);
  const put = (text: string, at: number): void => header.set(strToU8(text), at);
  put(name, 0);
  put("0000644\0", 100);
  put("0000000\0", 108);
  put("0000000\0", 116);
  put(`${size.toString(8).padStart(11, "0")}\0`, 124);
  put(`${(1_704_067_200).toString(8).padStart(11, "0")}\0`, 136);
  put("        ", 148);
  put("0", 156);
  put("ustar\x0000", 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  put(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return header;
}

/** A `.tar.gz` with the given files, by path. */
export function buildTarGz(files: Readonly<Record<string, string | Uint8Array>>): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const [path, content] of Object.entries(files)) {
    const data = typeof content === "string" ? strToU8(content) : content;
    parts.push(tarHeader(path, data.length), data, new Uint8Array((512 - (data.length % 512)) % 512));
  }
  parts.push(new Uint8Array(1024));
  return gzipSync(Buffer.concat(parts), { mtime: 0 });
}

export interface SdistOptions extends WheelOptions {
  /** What PKG-INFO lists as Dynamic (PEP 643). */
  readonly dynamic?: readonly string[];
  /** `setup.py` by default absent; a `pyproject.toml` for setuptools always there. */
  readonly setupPy?: string;
  readonly format?: "tar.gz" | "zip";
}

/** An sdist with PKG-INFO, `pyproject.toml` and the modules. */
export function buildSdist(options: SdistOptions): BuiltArtifact {
  const stem = `${escapeName(options.name)}-${options.version}`;
  const dynamic = (options.dynamic ?? []).map((field) => `Dynamic: ${field}`);
  const metadata = metadataText({ ...options, headers: [...(options.headers ?? []), ...dynamic] });
  const files: Record<string, string | Uint8Array> = {
    [`${stem}/PKG-INFO`]: metadata,
    [`${stem}/pyproject.toml`]:
      `[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n\n` +
      `[project]\nname = "${options.name}"\nversion = "${options.version}"\n`,
  };
  if (options.setupPy !== undefined) files[`${stem}/setup.py`] = options.setupPy;
  const modules = options.modules ?? { [escapeName(options.name)]: `__version__ = "${options.version}"\n` };
  for (const [module, source] of Object.entries(modules)) {
    files[`${stem}/${module.replaceAll(".", "/")}.py`] = source;
  }
  for (const [path, data] of Object.entries(options.files ?? {})) files[`${stem}/${path}`] = data;
  const format = options.format ?? "tar.gz";
  const bytes =
    format === "zip"
      ? zipSync(
          Object.fromEntries(
            Object.entries(files).map(([path, data]) => [
              path,
              typeof data === "string" ? strToU8(data) : data,
            ]),
          ),
          { mtime: new Date(2024, 0, 1, 0, 0, 0) },
        )
      : buildTarGz(files);
  return { filename: `${stem}.${format}`, bytes, sha256: sha256(bytes, "hex"), metadata };
}
