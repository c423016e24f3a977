//! The scheme under which the page shows images: only verified ones of the workspace that is open, and nothing that could
//! be more than a picture. What they are is told by their bytes, not by what a document says of them.

use inkfold_session::Session;
use tauri::http::{Response, StatusCode, Uri, header};

/// The scheme; `http://<scheme>.localhost` where the webview has no schemes of its own. The page's policy
/// (`tauri.conf.json`) and `ui/src/host` name it too.
pub const SCHEME: &str = "inkfold-image";
/// The longest name that is proposed for a file.
const MAX_NAME: usize = 120;

/// The hash that an address names.
pub fn asked_for(uri: &Uri) -> String {
    uri.path().trim_start_matches('/').to_owned()
}

/// The image, or nothing.
pub async fn answer(session: Option<Session>, hash: String) -> Response<Vec<u8>> {
    let image = match session {
        Some(session) => load(&session, hash).await,
        None => None,
    };
    let (status, media_type, body) = match image {
        Some((media_type, bytes)) => (StatusCode::OK, media_type, bytes),
        None => (StatusCode::NOT_FOUND, "text/plain", Vec::new()),
    };
    let response = Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, media_type)
        .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
        .header(header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox")
        // The same hash is the same picture for good; what isn't here yet may come.
        .header(
            header::CACHE_CONTROL,
            if status == StatusCode::OK { "private, immutable, max-age=31536000" } else { "no-store" },
        )
        .body(body);
    response.unwrap_or_default()
}

async fn load(session: &Session, hash: String) -> Option<(&'static str, Vec<u8>)> {
    let blob = session.read_blob(hash).await.ok()?;
    let media_type = blob.media_type;
    let bytes = tauri::async_runtime::spawn_blocking(move || blob.shown()).await.ok()?.ok()??;
    Some((media_type, bytes))
}

/// A name for a file that is saved, made of what a document says: never a path, nothing that a system would take for
/// something else.
pub fn file_name(name: &str) -> String {
    let plain: String = name
        .rsplit(['/', '\\'])
        .next()
        .unwrap_or_default()
        .chars()
        .map(|c| if c.is_control() || turns_text(c) || "<>:\"|?*".contains(c) { '_' } else { c })
        .take(MAX_NAME)
        .collect();
    let plain = plain.trim_matches([' ', '.']);
    if plain.is_empty() { "file".into() } else { plain.into() }
}

/// Whether a character only says in which direction others run: with it a program can look like a picture.
fn turns_text(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_never_paths() {
        let table = [
            ("photo.png", "photo.png"),
            ("../../.bashrc", "bashrc"),
            ("C:\\Windows\\evil.exe", "evil.exe"),
            ("a\u{202e}gnp.exe:\n", "a_gnp.exe__"),
            ("...", "file"),
            ("", "file"),
        ];
        for (name, expected) in table {
            assert_eq!(file_name(name), expected, "{name}");
        }
        assert!(file_name(&"ä".repeat(500)).chars().count() <= MAX_NAME);
    }

    #[test]
    fn the_address_names_a_hash() {
        for address in ["inkfold-image://localhost/abc", "http://inkfold-image.localhost/abc"] {
            assert_eq!(asked_for(&address.parse().unwrap()), "abc", "{address}");
        }
    }
}
