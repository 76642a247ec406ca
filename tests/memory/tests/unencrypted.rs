//! Postgres without TLS: what wants encryption is refused, and says which feature is missing.

use steadfast::store::PgOptions;

#[test]
fn whatever_wants_encryption_is_refused_without_the_feature() {
    if !cfg!(feature = "alone") {
        println!(
            "skipped: other members of the build may have TLS; `cargo test -p steadfast-in-memory --features alone`"
        );
        return;
    }
    let wanting = [
        ("postgres://app@db.example/orders?sslmode=require", "`sslmode=require`"),
        ("postgres://app@db.example/orders?sslmode=verify-ca&sslrootcert=ca.pem", "`sslmode=verify-ca`"),
        ("host=db.example dbname=orders sslmode=verify-full", "`sslmode=verify-full`"),
        ("postgres://app@db.example/orders?sslrootcert=system", "`sslmode=verify-full`"),
        ("postgres://app@db.example/orders?channel_binding=require", "`channel_binding=require`"),
        ("postgres://app@db.example/orders?sslcert=a.pem&sslkey=b.pem", "`sslcert`"),
    ];
    for (url, option) in wanting {
        let error = PgOptions::new(url).err().unwrap_or_else(|| panic!("{url} is not refused")).to_string();
        let words = format!(
            "{option} wants encryption, which this build of steadfast lacks: enable its feature `postgres-tls`"
        );
        assert!(error.contains(&words), "{error}");
    }
    for plain in
        ["postgres://app@db.example/orders", "host=db.example sslmode=prefer", "host=db.example sslmode=disable"]
    {
        assert!(PgOptions::new(plain).is_ok(), "{plain}");
    }
}
