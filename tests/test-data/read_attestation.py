"""Reads an attestation with the packages of in-toto and sigstore, verifies it, and prints what it says."""

import json
import sys

from google.protobuf.json_format import Parse
from in_toto_attestation.predicates.test_result.v0.test_result_pb2 import TestResult
from in_toto_attestation.v1.statement import Statement
from in_toto_attestation.v1.statement_pb2 import Statement as StatementMessage
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import SSlibKey
from sigstore.dsse import Envelope as SigstoreEnvelope
from sigstore.dsse import Statement as SigstoreStatement

text = sys.stdin.read()
attestation = json.loads(text)
pem = attestation["publicKey"].encode()
envelope = Envelope.from_dict(attestation["envelope"])
[key_id] = envelope.signatures
key = SSlibKey.from_crypto(load_pem_public_key(pem), keyid=key_id)
envelope.verify([key], 1)

# What is longer by a space was not signed.
envelope.payload += b" "
try:
    envelope.verify([key], 1)
    sys.exit("what was changed verifies too")
except VerificationError:
    pass

# Reading took its dictionaries apart.
sigstore = SigstoreEnvelope._from_json(json.dumps(json.loads(text)["envelope"]))
payload = sigstore._inner.payload
SigstoreStatement(payload)
message = Parse(payload, StatementMessage())
Statement.copy_from_pb(message).validate()
result = Parse(json.dumps(json.loads(payload)["predicate"]), TestResult())
print(json.dumps({
    "predicateType": message.predicate_type,
    "subject": message.subject[0].digest["sha256"],
    "result": result.result,
    "passed": list(result.passed_tests),
    "key": key_id,
}))
