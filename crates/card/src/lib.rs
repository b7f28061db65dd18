//! The JPKI card and the municipality's key pair generator, in process.
