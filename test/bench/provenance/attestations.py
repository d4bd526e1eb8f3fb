"""The peer: pypi-attestations verifies the same attestations, with one verifier that is made once from the same trust root.

`warm ROUNDS FILE`: milliseconds for each round, as JSON. `whole FILE...`: verifies each once.
Its own way of making a verifier asks TUF for each attestation; here it is handed one, which is kinder to it.
"""

import json
import sys
import time
from pathlib import Path

import pypi_attestations
from pypi_attestations import _impl
from sigstore.models import TrustedRoot
from sigstore.verify import Verifier, policy

how, root, *rest = sys.argv[1:]
verifier = Verifier(trusted_root=TrustedRoot.from_file(root))


class Ready:
    @staticmethod
    def production(offline: bool = False) -> Verifier:
        return verifier


_impl.Verifier = Ready


def distribution(attestation):
    subject = json.loads(attestation.envelope.statement)["subject"][0]
    return pypi_attestations.Distribution(name=subject["name"], digest=subject["digest"]["sha256"])


def verify(text, is_provenance):
    if is_provenance:
        bundle = pypi_attestations.Provenance.model_validate_json(text).attestation_bundles[0]
        for attestation in bundle.attestations:
            attestation.verify(bundle.publisher, distribution(attestation), offline=True)
        return
    attestation = pypi_attestations.Attestation.model_validate_json(text)
    attestation.verify(policy.UnsafeNoOp(), distribution(attestation), offline=True)


if how == "warm":
    rounds, name = int(rest[0]), rest[1]
    text = Path(name).read_text()
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        verify(text, True)
        times.append((time.perf_counter() - start) * 1000)
    print(json.dumps(times))
else:
    for name in rest:
        verify(Path(name).read_text(), name.endswith(".provenance"))
    print("verified", len(rest))
