"""What pyhanko-certvalidator and cryptography say of certificates, with the CA's lists.

Arguments: a PEM of the roots, a PEM of the lists, a file of certificate paths. Prints a line for each
certificate: the words of pyhanko and of cryptography, and the path.
"""

import asyncio
import sys

from asn1crypto import crl as asn1_crl
from asn1crypto import pem
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.errors import RevokedError


def unarmoured(path):
    with open(path, "rb") as file:
        return [der for _, _, der in pem.unarmor(file.read(), multiple=True)]


def by_pyhanko(der, roots, lists):
    context = ValidationContext(
        trust_roots=[asn1_x509.Certificate.load(root) for root in roots],
        crls=[asn1_crl.CertificateList.load(one) for one in lists],
        revocation_mode="require",
        allow_fetching=False,
        # The holders' signature keys have the 1024 bits of S 6-1-2-3.
        weak_hash_algos=set(),
    )
    validator = CertificateValidator(asn1_x509.Certificate.load(der), validation_context=context)
    try:
        asyncio.run(validator.async_validate_path())
        return "good"
    except RevokedError:
        return "revoked"
    except Exception as fault:
        return (type(fault).__name__ + ":" + str(fault)).replace(" ", "_").replace("\n", "_")


def by_cryptography(der, roots, lists):
    """By the parts that it has: it does not join lists and paths by itself."""
    certificate = x509.load_der_x509_certificate(der)
    key_id = certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
    point = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    issuer = next(
        root
        for root in map(x509.load_der_x509_certificate, roots)
        if root.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
        == key_id.key_identifier
    )
    certificate.verify_directly_issued_by(issuer)
    for one in map(x509.load_der_x509_crl, lists):
        own = one.extensions.get_extension_for_class(x509.IssuingDistributionPoint).value
        if own.full_name == point[0].full_name and one.is_signature_valid(issuer.public_key()):
            listed = one.get_revoked_certificate_by_serial_number(certificate.serial_number)
            return "good" if listed is None else "revoked"
    return "no-list"


def main():
    roots, lists = unarmoured(sys.argv[1]), unarmoured(sys.argv[2])
    with open(sys.argv[3], encoding="utf-8") as file:
        paths = file.read().split()
    for path in paths:
        der = unarmoured(path)[0]
        words = [by_pyhanko(der, roots, lists), by_cryptography(der, roots, lists)]
        print(*words, path)


main()
