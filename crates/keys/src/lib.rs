//! Private keys that never leave: an embedded encrypted store, later PKCS#11, behind one trait.
