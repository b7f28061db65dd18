//! The certification authority: issuance in six steps, revocation, the CRL cycle.
