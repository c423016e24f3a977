//! The window: the page with what it may call, the session's events on their way to it, and a quiet end that
//! leaves nothing unpublished.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use inkfold_session::wire::Event;
use tauri::webview::NewWindowResponse;
use tauri::{App, AppHandle, Emitter, Manager, RunEvent, Url, WebviewUrl, WebviewWindowBuilder, WindowEvent};
use tauri_plugin_dialog::{DialogExt, MessageDialogKind};
use tokio::sync::broadcast::error::RecvError;

use crate::{commands, images, location, log};
use inkfold_session::socket::{self, Response, Server};
use inkfold_session::{Request, Session, SessionError};

/// The one window's label, which the capability names.
const MAIN: &str = "main";
/// The one event; its payload is a [`wire::Event`](Event).
const EVENT: &str = "inkfold";
/// How long the end may wait for the last words to reach the folder. They are stored on this device long before;
/// a folder that does not answer must not keep the window from going.
const LAST_WORDS: Duration = Duration::from_secs(4);

/// Whether the end has begun, so that a second click on the close button changes nothing.
#[derive(Default)]
struct Leaving(AtomicBool);

/// The socket of this process, as long as it takes requests.
struct Listening(Mutex<Option<Server>>);

/// Shows the window and stays until it is closed. Where this data has a window already, that one comes to the front
/// instead, with the file that was to be opened.
pub fn run(data: PathBuf, file: Option<PathBuf>) -> ExitCode {
    log::begin(&data);
    let opened = Session::open(data.clone());
    if let Err(SessionError::AlreadyRunning) = opened
        && let Ok(Response::Answer(_)) = socket::hand_over(&data, &Request::Show { path: file })
    {
        return ExitCode::SUCCESS;
    }
    let app = tauri::Builder::default()
        .plugin(tauri_plugin_dialog::init())
        .manage(Leaving::default())
        .invoke_handler(tauri::generate_handler![
            commands::start,
            commands::create_workspace,
            commands::join_workspace,
            commands::open_workspace,
            commands::choose_folder,
            commands::documents,
            commands::create_document,
            commands::rename_document,
            commands::trash_document,
            commands::restore_document,
            commands::open_document,
            commands::close_document,
            commands::edit,
            commands::undo,
            commands::next_patch,
            commands::present,
            commands::presences,
            commands::share_presence,
            commands::status,
            commands::health,
            commands::look_again,
            commands::use_folder,
            commands::leave_folder,
            commands::neighbours,
            commands::join_neighbour,
            commands::take_out_neighbour,
            commands::bring_blob,
            commands::salvage,
            commands::dismiss_news,
            commands::diagnostics,
            commands::stop_reading,
            commands::go_on_reading,
            commands::open_link,
            commands::begin_blob,
            commands::append_blob,
            commands::finish_blob,
            commands::blob,
            commands::save_blob,
        ])
        .register_asynchronous_uri_scheme_protocol(images::SCHEME, |context, request, responder| {
            let session = context.app_handle().try_state::<Session>().map(|session| session.inner().clone());
            let hash = images::asked_for(request.uri());
            tauri::async_runtime::spawn(async move { responder.respond(images::answer(session, hash).await) });
        })
        .setup(move |app| set_up(app, data, opened))
        .on_window_event(|window, event| {
            if let WindowEvent::CloseRequested { api, .. } = event {
                api.prevent_close();
                leave(window.app_handle());
            }
        })
        .build(tauri::generate_context!());
    let app = match app {
        Ok(app) => app,
        Err(error) => {
            eprintln!("inkfold: the window can't be shown: {error}");
            return ExitCode::FAILURE;
        }
    };
    let code = app.run_return(|app, event| {
        // Without a code it is the system or the menu that asks; the end's own `exit` has one.
        if let RunEvent::ExitRequested { code: None, api, .. } = event {
            api.prevent_exit();
            leave(app);
        }
    });
    if code == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn set_up(
    app: &mut App,
    data: PathBuf,
    opened: Result<Session, SessionError>,
) -> Result<(), Box<dyn std::error::Error>> {
    match opened {
        Ok(session) => {
            tauri::async_runtime::spawn(forward_events(app.handle().clone(), session.clone()));
            listen(app.handle(), &session);
            app.manage(session);
            #[cfg(unix)]
            tauri::async_runtime::spawn(leave_on_signal(app.handle().clone()));
            show(app, data)?;
        }
        Err(error) => {
            let message = error.failure().message;
            eprintln!("inkfold: {message}");
            let app = app.handle().clone();
            let dialog = app.dialog().message(message).title("Inkfold can't start").kind(MessageDialogKind::Error);
            dialog.show(move |_| app.exit(1));
        }
    }
    Ok(())
}

/// Lets the command line, and a second start, reach this process.
fn listen(app: &AppHandle, session: &Session) {
    let front = app.clone();
    let server = Server::start(session.clone(), move |_| bring_to_front(&front));
    match server {
        Ok(server) => {
            app.manage(Listening(Mutex::new(Some(server))));
        }
        // The window works without it; only scripts can't write as long as it is open.
        Err(error) => eprintln!("inkfold: {}", error.failure().message),
    }
}

fn bring_to_front(app: &AppHandle) -> bool {
    let Some(window) = app.get_webview_window(MAIN) else { return false };
    // A desktop may not let a program come forward by itself; then it only asks for attention.
    let shown = window.unminimize().and_then(|()| window.show()).and_then(|()| window.set_focus());
    shown.is_ok()
}

fn show(app: &App, data: PathBuf) -> tauri::Result<()> {
    WebviewWindowBuilder::new(app, MAIN, WebviewUrl::default())
        .title("Inkfold")
        .inner_size(1200.0, 800.0)
        .min_inner_size(480.0, 400.0)
        .data_directory(location::webview_directory(&data))
        // Files that are dropped on the page are the page's to take.
        .disable_drag_drop_handler()
        .on_navigation(is_own)
        .on_new_window(|_, _| NewWindowResponse::Deny)
        .on_download(|_, _| false)
        .build()?;
    Ok(())
}

/// Whether an address is a part of the app. Nothing else is ever shown in the window: a link goes to the system's
/// browser, through the command that checks it, and nothing is downloaded.
fn is_own(url: &Url) -> bool {
    match url.scheme() {
        "tauri" => url.host_str() == Some("localhost"),
        // Windows has no schemes of its own in its webview.
        "http" | "https" => cfg!(windows) && url.host_str() == Some("tauri.localhost") && url.port().is_none(),
        _ => false,
    }
}

/// Takes the session's events to the page until the session ends.
async fn forward_events(app: AppHandle, session: Session) {
    let mut events = session.events();
    loop {
        match events.recv().await {
            Ok(event) => tell(&app, event),
            Err(RecvError::Closed) => return,
            // The page was too slow and has missed something. What may have been in it is said again as a whole.
            Err(RecvError::Lagged(_)) => tell_everything(&app, &session).await,
        }
    }
}

async fn tell_everything(app: &AppHandle, session: &Session) {
    if let Ok(status) = session.status().await {
        tell(app, Event::Status { status });
    }
    if let Ok(documents) = session.documents().await {
        let open = documents.iter().map(|document| Event::Newer { document: document.id.clone() }).collect::<Vec<_>>();
        tell(app, Event::Documents { documents });
        open.into_iter().for_each(|event| tell(app, event));
    }
}

fn tell(app: &AppHandle, event: Event) {
    // It fails only when the page is gone, and then there is nobody to tell.
    let _ = app.emit_to(MAIN, EVENT, event);
}

/// Ends the app: the window goes at once, the process when the last words are in the folder.
fn leave(app: &AppHandle) {
    if app.state::<Leaving>().0.swap(true, Ordering::SeqCst) {
        return;
    }
    if let Some(window) = app.get_webview_window(MAIN) {
        let _ = window.hide();
    }
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        if let Some(listening) = app.try_state::<Listening>() {
            drop(listening.0.lock().unwrap_or_else(PoisonError::into_inner).take());
        }
        if let Some(session) = app.try_state::<Session>().map(|session| session.inner().clone()) {
            match tokio::time::timeout(LAST_WORDS, session.close()).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => {
                    eprintln!("inkfold: {}", error.failure().message);
                    // What could not be stored is only in memory: the window comes back and says so. Whoever closes it
                    // for good is asked by the page, which then takes the window away itself.
                    if app.get_webview_window(MAIN).is_some() && bring_to_front(&app) {
                        app.state::<Leaving>().0.store(false, Ordering::SeqCst);
                        return;
                    }
                }
                Err(_) => {
                    eprintln!("inkfold: the shared folder does not answer; the rest is published at the next start")
                }
            }
        }
        app.exit(0);
    });
}

/// The end of a login session and a terminal's Ctrl-C are a click on the close button, not a crash.
#[cfg(unix)]
async fn leave_on_signal(app: AppHandle) {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut end), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) else {
        return;
    };
    tokio::select! {
        _ = end.recv() => {}
        _ = interrupt.recv() => {}
    }
    leave(&app);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_shows_nothing_but_the_app() {
        let own = |address| is_own(&Url::parse(address).unwrap());
        assert!(own("tauri://localhost/index.html"));
        for foreign in [
            "tauri://elsewhere/",
            "https://example.org/",
            "http://localhost:5173/",
            "file:///etc/passwd",
            "about:blank",
        ] {
            assert!(!own(foreign), "{foreign}");
        }
        assert_eq!(own("http://tauri.localhost/"), cfg!(windows));
        assert!(!own("http://tauri.localhost:8080/"));
    }
}
