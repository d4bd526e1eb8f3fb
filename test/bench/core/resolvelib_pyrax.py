# The peer: the same scenario by resolvelib with pip's order of preference. Prints how many milliseconds resolving took, reading left out.
import json
import sys
import time

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version
from resolvelib import AbstractProvider, BaseReporter, Resolver

sys.setrecursionlimit(10_000)
scenario = json.load(open(sys.argv[1], encoding="utf-8"))


def read_versions(releases):
    for text in releases:
        try:
            yield Version(text), text
        except InvalidVersion:
            pass


def identifier(name, extras):
    name = canonicalize_name(name)
    return f"{name}[{','.join(sorted(extras))}]" if extras else name


projects = {
    canonicalize_name(name): sorted(read_versions(releases), reverse=True)
    for name, releases in scenario["packages"].items()
}
needs = {canonicalize_name(name): releases for name, releases in scenario["packages"].items()}


class Candidate:
    def __init__(self, name, extras, version, text):
        self.name, self.extras, self.version, self.text = name, extras, version, text


class Provider(AbstractProvider):
    def identify(self, requirement_or_candidate):
        return identifier(requirement_or_candidate.name, requirement_or_candidate.extras)

    def get_preference(self, identifier, resolutions, candidates, information, backtrack_causes):
        clauses = [clause for one in information[identifier] for clause in one.requirement.specifier]
        causes = any(
            identifier == self.identify(cause.requirement)
            or (cause.parent is not None and identifier == self.identify(cause.parent))
            for cause in backtrack_causes
        )
        return (
            not causes,
            not any(clause.operator in ("==", "===") and "*" not in clause.version for clause in clauses),
            not any(clause.operator in ("<", "<=", "~=") or "*" in clause.version for clause in clauses),
            not clauses,
            identifier,
        )

    def find_matches(self, identifier, requirements, incompatibilities):
        asked = list(requirements[identifier])
        bad = {candidate.version for candidate in incompatibilities[identifier]}
        name, extras = canonicalize_name(asked[0].name), frozenset(asked[0].extras)
        found = [
            Candidate(name, extras, version, text)
            for version, text in projects.get(name, ())
            if version not in bad
            and all(one.specifier.contains(version, prereleases=True) for one in asked)
        ]
        final = [one for one in found if not one.version.is_prerelease]
        return final or found

    def is_satisfied_by(self, requirement, candidate):
        return requirement.specifier.contains(candidate.version, prereleases=True)

    def get_dependencies(self, candidate):
        by_extra = needs[candidate.name][candidate.text]["depends_by_extra"]
        wanted = [text for extra in ("", *candidate.extras) for text in by_extra.get(extra, ())]
        read = [Requirement(text.split(";")[0].strip()) for text in wanted]
        if candidate.extras:
            read.append(Requirement(f"{candidate.name}=={candidate.version}"))
        return read


requirements = [Requirement(text) for text in scenario["input"]["requirements"]]
began = time.perf_counter()
Resolver(Provider(), BaseReporter()).resolve(requirements, max_rounds=1_000_000)
print((time.perf_counter() - began) * 1000)
