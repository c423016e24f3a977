//! Links that a writer opens. A document's links come from strangers, so they are checked here again, after the
//! page has checked them: a `file:` or a scheme of some other program must not start anything on this machine.

use inkfold_session::wire::Failure;
use tauri::Url;

/// The address, where it is one that may be opened.
pub fn checked(address: &str) -> Result<Url, Failure> {
    let refused = || Failure {
        code: "link-refused".into(),
        message: "Only web addresses and e-mail addresses are opened from a document.".into(),
    };
    let url = Url::parse(address.trim()).map_err(|_| refused())?;
    match url.scheme() {
        "http" | "https" if url.has_host() => Ok(url),
        "mailto" => Ok(url),
        _ => Err(refused()),
    }
}

/// Hands the address to the program that the system has for it, and does not wait for that program.
pub fn open(address: &str) -> Result<(), Failure> {
    let url = checked(address)?;
    open::that_detached(url.as_str()).map_err(|error| Failure {
        code: "link-unopened".into(),
        message: format!("The system could not open {url}: {error}."),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_web_and_mail_are_opened() {
        for good in
            ["https://example.org/a?b#c", "http://localhost:8080", "mailto:anna@example.org", " HTTPS://EXAMPLE.ORG "]
        {
            assert!(checked(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "example.org",
            "/etc/passwd",
            "file:///etc/passwd",
            "javascript:alert(1)",
            "data:text/html,x",
            "smb://host/share",
            "tauri://localhost",
            "https://",
            "-https://example.org",
        ] {
            assert!(checked(bad).is_err(), "{bad}");
        }
    }
}
