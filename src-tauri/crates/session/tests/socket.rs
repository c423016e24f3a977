//! The local socket of a running session, as other processes meet it.

use std::path::{Path, PathBuf};
use std::sync::mpsc::channel;

use inkfold_session::socket::{Response, Server, SocketError, hand_over};
use inkfold_session::wire::{Change, Edit, Event, Grouping, Inline, Point};
use inkfold_session::{Profile, Request, Session, SessionError, reading};

/// What the other process is told.
async fn ask(data: &Path, request: Request) -> Response {
    let data = data.to_owned();
    let answer = tokio::task::spawn_blocking(move || hand_over(&data, &request)).await.expect("no panic");
    answer.expect("somebody answers")
}

/// The code of a refusal.
async fn refusal(data: &Path, request: Request) -> String {
    match ask(data, request).await {
        Response::Failure(failure) => failure.code,
        answer => panic!("it was done: {answer:?}"),
    }
}

#[tokio::test]
async fn a_window_is_brought_to_the_front() {
    let data = tempfile::tempdir().expect("a directory");
    let show = Request::Show { path: Some("/notes/Team.inkfold".into()) };
    assert!(matches!(hand_over(data.path(), &show), Err(SocketError::Nobody)));
    let session = Session::open(data.path()).expect("nobody has it");
    let (shown, heard) = channel();
    let server = Server::start(session.clone(), move |path| shown.send(path).is_ok()).expect("a socket");
    assert!(matches!(Session::open(data.path()), Err(SessionError::AlreadyRunning)));
    assert!(matches!(ask(data.path(), show.clone()).await, Response::Answer(_)));
    assert_eq!(heard.recv().expect("it was asked for"), Some(PathBuf::from("/notes/Team.inkfold")));
    drop(heard);
    // A session without a window must not make the other process believe that one came up.
    assert_eq!(refusal(data.path(), show.clone()).await, "no-window");
    drop(server);
    assert!(matches!(hand_over(data.path(), &show), Err(SocketError::Nobody)));
}

#[tokio::test]
async fn a_window_keeps_its_document_and_its_workspace() {
    let data = tempfile::tempdir().expect("a directory");
    let session = Session::open(data.path()).expect("nobody has it");
    let other = session.create_workspace("Other".into(), "Ada".into(), None).await.expect("it is made").id;
    let shown = session.create_workspace("Shown".into(), "Ada".into(), None).await.expect("it is made").id;
    let document = session.create_document("Plans".into()).await.expect("it is made").id;
    let opened = session.open_document(document.clone()).await.expect("it opens");
    let _server = Server::start(session.clone(), |_| true).expect("a socket");
    let append = |workspace: &str, document: &str| Request::Append {
        workspace: workspace.into(),
        document: document.into(),
        text: "from outside".into(),
    };

    assert_eq!(refusal(data.path(), append(&shown, "Plans")).await, "document-open-in-window");
    let insert = vec![Inline { text: "from the window".into(), marks: Default::default() }];
    let start = Point { block: 0, offset: 0 };
    let changes = vec![Change::Splice { from: start, to: start, insert }];
    let edit = Edit {
        document: document.clone(),
        patch: opened.patch,
        counter: 1,
        changes,
        grouping: Grouping::Typing,
        before: None,
        after: None,
    };
    session.edit(edit).await.expect("it is stored");
    session.close_document(document).await.expect("it closes");
    assert!(matches!(ask(data.path(), append(&shown, "Plans")).await, Response::Answer(_)));

    // Work in another workspace leaves the window's alone, and what is made in the window's is seen at once.
    let mut events = session.events();
    let new = |workspace: &str| Request::New { workspace: workspace.into(), title: "New".into() };
    assert!(matches!(ask(data.path(), new(&other)).await, Response::Answer(_)));
    assert!(matches!(ask(data.path(), append(&other, "New")).await, Response::Answer(_)));
    assert_eq!(session.start().await.expect("it is there").current, Some(shown.clone()));
    assert_eq!(session.documents().await.expect("the list").len(), 1);
    assert!(events.try_recv().is_err());
    assert!(matches!(ask(data.path(), new(&shown)).await, Response::Answer(_)));
    assert_eq!(session.documents().await.expect("the list").len(), 2);
    assert!(matches!(events.recv().await, Ok(Event::Documents { documents }) if documents.len() == 2));

    // So does a workspace that is made meanwhile.
    let init = Request::Init { name: "Third".into(), person: "Ada".into(), folder: None };
    assert!(matches!(ask(data.path(), init).await, Response::Answer(_)));
    let start = session.start().await.expect("it is there");
    assert_eq!((start.workspaces.len(), start.current), (3, Some(shown.clone())));
    assert_eq!(refusal(data.path(), new("nothing")).await, "no-workspace");
    assert_eq!(refusal(data.path(), append(&shown, "Nothing")).await, "no-document");

    session.close().await.expect("all is stored");
    let profile = Profile::open(data.path()).expect("a profile");
    let store = profile.store(shown.parse().expect("an id")).expect("a store");
    let id = reading::find_document(&store, "Plans").expect("it is there");
    let text = reading::document(&store, id).expect("it can be read").page().text();
    assert_eq!(text, "from the window\nfrom outside");
}

#[tokio::test]
async fn requests_at_once_are_all_done() {
    let data = tempfile::tempdir().expect("a directory");
    let session = Session::open(data.path()).expect("nobody has it");
    let workspaces = [
        session.create_workspace("One".into(), "Ada".into(), None).await.expect("it is made").id,
        session.create_workspace("Two".into(), "Ada".into(), None).await.expect("it is made").id,
    ];
    let server = Server::start(session.clone(), |_| true).expect("a socket");
    let asked: Vec<_> = (0..24)
        .map(|i| {
            let (data, workspace) = (data.path().to_owned(), workspaces[i % 2].clone());
            tokio::spawn(async move { ask(&data, Request::New { workspace, title: i.to_string() }).await })
        })
        .collect();
    // The window goes to and fro meanwhile.
    for i in 0..6 {
        session.open_workspace(workspaces[i % 2].clone()).await.expect("it is there");
    }
    let mut refused = 0;
    for asked in asked {
        match asked.await.expect("no panic") {
            Response::Answer(_) => {}
            // The window left the workspace in just that moment: said, and not half done.
            Response::Failure(failure) => {
                assert_eq!(failure.code, "closing");
                refused += 1;
            }
        }
    }
    drop(server);
    session.close().await.expect("all is stored");
    let profile = Profile::open(data.path()).expect("a profile");
    let mut made = 0;
    for id in workspaces {
        let store = profile.store(id.parse().expect("an id")).expect("a store");
        made += reading::documents(&store).expect("the list").len();
        assert_eq!(inkfold_session::checking::store(&store).expect("it can be read").findings, Vec::<String>::new());
    }
    assert!(made <= 24 && made + refused >= 24, "{made} made, {refused} refused");
}

#[cfg(unix)]
#[tokio::test]
async fn nonsense_is_answered_and_silence_keeps_nobody_waiting() {
    use std::io::{Read, Write};
    use std::os::unix::net::UnixStream;

    let data = tempfile::tempdir().expect("a directory");
    let path = data.path().join("socket");
    // A file of somebody else's is never taken away; then the socket is elsewhere.
    std::fs::write(&path, "mine").expect("a file");
    let session = Session::open(data.path()).expect("nobody has it");
    let server = Server::start(session.clone(), |_| true).expect("a socket");
    assert!(matches!(ask(data.path(), Request::Show { path: None }).await, Response::Answer(_)));
    drop(server);
    assert_eq!(std::fs::read(&path).expect("it is still there"), b"mine");
    std::fs::remove_file(&path).expect("it is ours");

    let server = Server::start(session.clone(), |_| true).expect("a socket");
    let silent: Vec<UnixStream> = (0..8).map(|_| UnixStream::connect(&path).expect("it listens")).collect();
    let say = |words: Vec<u8>| {
        let path = path.clone();
        tokio::task::spawn_blocking(move || {
            let mut stream = UnixStream::connect(path).expect("it listens");
            stream.write_all(&words).expect("it is read");
            let mut answer = String::new();
            stream.read_to_string(&mut answer).expect("it answers");
            answer
        })
    };
    let deep = [b"{\"version\":1,\"request\":".to_vec(), b"[".repeat(1 << 20), b"\n".to_vec()].concat();
    let long = [b"x".repeat(9 << 20), b"\n".to_vec()].concat();
    for (words, code) in [
        (b"\n".to_vec(), "socket/bad-request"),
        (b"GET / HTTP/1.1\r\n".to_vec(), "socket/bad-request"),
        (vec![0xff, 0xfe, b'\n'], "socket/bad-request"),
        (b"{\"version\":1}\n".to_vec(), "socket/bad-request"),
        (b"{\"version\":1,\"request\":{\"do\":\"destroy\"}}\n".to_vec(), "socket/bad-request"),
        (b"{\"version\":9,\"request\":{\"do\":\"show\"}}\n".to_vec(), "socket/other-version"),
        (deep, "socket/bad-request"),
        (long, "socket/too-long"),
    ] {
        let answer = say(words).await.expect("no panic");
        assert!(answer.contains(&format!("{{\"code\":\"{code}\"")) && answer.ends_with('\n'), "{code}: {answer}");
    }
    drop(silent);
    assert!(matches!(ask(data.path(), Request::Show { path: None }).await, Response::Answer(_)));
    drop(server);
    assert!(!path.exists());
}
