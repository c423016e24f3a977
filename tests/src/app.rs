//! A running app, as a test sees it.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;

use inkfold_xtask::display::Display;
use serde_json::Value;

use crate::process;
use crate::program::{binary, target_directory};
use crate::wait::wait_until;
use crate::webdriver::{self, Driver, DriverError};

/// A place on the page: a block's number, and how many UTF-16 units of its text are before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The block, from 0.
    pub block: u64,
    /// The offset in its text.
    pub offset: u64,
}

impl Place {
    /// A place.
    pub const fn new(block: u64, offset: u64) -> Place {
        Place { block, offset }
    }
}

/// Where the page's selection is, as two pairs of block and offset.
const SELECTION: &str = "const page = document.querySelector('.ProseMirror'), selection = getSelection();
    if (!page || !selection.anchorNode || !page.contains(selection.anchorNode)) return null;
    const place = (node, offset) => {
        const block = [...page.children].findIndex(child => child.contains(node));
        if (block < 0) return null;
        const before = document.createRange();
        before.setStart(page.children[block], 0);
        before.setEnd(node, offset);
        return [block, before.toString().length];
    };
    return [place(selection.anchorNode, selection.anchorOffset), place(selection.focusNode, selection.focusOffset)]";

const SELECT: &str = "const page = document.querySelector('.ProseMirror');
    const find = ([block, offset]) => {
        const texts = document.createTreeWalker(page.children[block], NodeFilter.SHOW_TEXT);
        for (let text; (text = texts.nextNode()); offset -= text.length) {
            if (offset <= text.length) return [text, offset];
        }
        return [page.children[block], 0];
    };
    page.focus();
    getSelection().setBaseAndExtent(...find(arguments[0]), ...find(arguments[1]))";

/// An app in a window. Where something is not as a test needs it, these methods fail the test and say why.
pub struct App {
    driver: Driver,
    display: Display,
    binary: PathBuf,
    data: PathBuf,
    log: PathBuf,
    over: bool,
}

impl App {
    /// Starts the app on this data directory, in a window on a screen of its own: on one screen a window whose text
    /// is selected takes the selection away from every other. What the app and its driver print goes to a `.log` file
    /// beside the directory.
    #[track_caller]
    pub fn start(data: &Path) -> App {
        App::start_binary(binary(), data)
    }

    /// As [`App::start`], in the build that people get, where there is one.
    #[track_caller]
    pub fn start_for_figures(data: &Path) -> App {
        let release = target_directory().with_file_name("release").join("inkfold");
        App::start_binary(release.canonicalize().unwrap_or_else(|_| binary()), data)
    }

    #[track_caller]
    fn start_binary(binary: PathBuf, data: &Path) -> App {
        let display = Display::start((1600, 1000)).expect("these tests need Xvfb; `cargo xtask test` installs it");
        let log = data.with_extension("log");
        match Driver::start(&binary, data, &display, &log) {
            Ok(driver) => App { driver, display, binary, data: data.to_path_buf(), log, over: false },
            Err(error) => {
                process::running(&binary, data).into_iter().for_each(process::kill);
                panic!("the app does not start: {error}\n{}", webdriver::tail(&log))
            }
        }
    }

    /// Waits for the element with this test id.
    #[track_caller]
    pub fn wait_for(&self, id: &str) {
        self.element(&by_id(id));
    }

    /// Whether there is an element with this test id now.
    #[track_caller]
    pub fn has(&self, id: &str) -> bool {
        match self.driver.find(&by_id(id)) {
            Ok(_) => true,
            Err(DriverError::Refused { code, .. }) if code == "no such element" => false,
            Err(error) => panic!("{error}"),
        }
    }

    /// Clicks the element with this test id, once it is there and can be clicked.
    #[track_caller]
    pub fn click(&self, id: &str) {
        self.click_selector(&by_id(id));
    }

    /// Clicks the first element that this CSS selector finds, once it is there and can be clicked.
    #[track_caller]
    pub fn click_selector(&self, selector: &str) {
        self.act(selector, |element| self.driver.click(element));
    }

    /// Puts this text in the place of what a field holds.
    #[track_caller]
    pub fn fill(&self, id: &str, text: &str) {
        self.act(&by_id(id), |element| {
            self.driver.clear(element)?;
            self.driver.type_into(element, text)
        });
    }

    /// Types where the keyboard is. Characters beyond the Basic Multilingual Plane are lost by the driver: use
    /// [`App::insert`] for them. Keys that are no characters are in [`keys`](crate::keys).
    #[track_caller]
    pub fn type_keys(&self, text: &str) {
        assert!(text.chars().all(|character| character <= '\u{FFFF}'), "the driver would lose a character of {text:?}");
        let active = self.driver.active().unwrap_or_else(|error| panic!("nothing has the keyboard: {error}"));
        self.driver.type_into(&active, text).unwrap_or_else(|error| panic!("typing {text:?}: {error}"));
    }

    /// As [`App::type_keys`], for an app that may end meanwhile.
    ///
    /// # Errors
    /// The driver or the app does not answer.
    pub fn try_type(&self, text: &str) -> Result<(), DriverError> {
        self.driver.type_into(&self.driver.active()?, text)
    }

    /// Inserts text where the caret is, as an input method does.
    #[track_caller]
    pub fn insert(&self, text: &str) {
        self.script("document.execCommand('insertText', false, arguments[0])", &[text.into()]);
    }

    /// The value of an attribute of the element with this test id, where there are both.
    #[track_caller]
    pub fn attribute(&self, id: &str, name: &str) -> Option<String> {
        let script = "return document.querySelector(arguments[0])?.getAttribute(arguments[1]) ?? null";
        self.script(script, &[by_id(id).into(), name.into()]).as_str().map(str::to_string)
    }

    /// What the element with this test id says, where there is one; of a field, what it holds.
    #[track_caller]
    pub fn text(&self, id: &str) -> Option<String> {
        let script = "const e = document.querySelector(arguments[0]);
            return e && (e.matches('input, textarea') ? e.value : e.innerText.trim())";
        self.script(script, &[by_id(id).into()]).as_str().map(str::to_string)
    }

    /// The values of `data-id` of all elements with this test id, in the page's order.
    #[track_caller]
    pub fn data_ids(&self, id: &str) -> Vec<String> {
        let script = "return [...document.querySelectorAll(arguments[0])].map(e => e.dataset.id)";
        let ids = self.script(script, &[by_id(id).into()]);
        ids.as_array().into_iter().flatten().filter_map(|id| id.as_str().map(str::to_string)).collect()
    }

    /// Waits until the `data-state` of the element with this test id is this one.
    #[track_caller]
    pub fn wait_for_state(&self, id: &str, state: &str) {
        wait_until(&format!("{id} is to be {state}"), || {
            (self.attribute(id, "data-state").as_deref() == Some(state)).then_some(())
        });
    }

    /// Where the status line says that the words are.
    #[track_caller]
    pub fn whereabouts(&self) -> Option<String> {
        self.attribute("whereabouts", "data-state")
    }

    /// The document in the editor, as ProseMirror holds it; null before the editor is there.
    #[track_caller]
    pub fn document(&self) -> Value {
        let script = "return JSON.stringify(document.querySelector('.ProseMirror')?.pmViewDesc?.node.toJSON() ?? null)";
        let text = self.script(script, &[]);
        serde_json::from_str(text.as_str().unwrap_or("null")).expect("the page made this JSON")
    }

    /// The id of the document that the window shows.
    #[track_caller]
    pub fn shown(&self) -> Option<String> {
        let script = "return document.querySelector('[data-testid=document-item][aria-current]')?.dataset.id ?? null";
        self.script(script, &[]).as_str().map(str::to_string)
    }

    /// The document as the app's command line prints it: what is stored, whatever a window shows. Null where there
    /// is none yet.
    #[track_caller]
    pub fn stored(&self, document: &str) -> Value {
        let output = command_line(&self.data, &["cat", document, "--format", "json"]);
        serde_json::from_slice(&output.stdout).unwrap_or(Value::Null)
    }

    /// The program that runs.
    pub fn program(&self) -> &Path {
        &self.binary
    }

    /// Where the selection starts and ends on the page; `None` while it is elsewhere. A caret has both in one place.
    #[track_caller]
    pub fn selection(&self) -> Option<(Place, Place)> {
        let found = self.script(SELECTION, &[]);
        let place = |value: &Value| Some(Place { block: value[0].as_u64()?, offset: value[1].as_u64()? });
        Some((place(&found[0])?, place(&found[1])?))
    }

    /// Selects text as a mouse does, and waits until the page has taken note of it.
    #[track_caller]
    pub fn select(&self, from: Place, to: Place) {
        let places = [from, to].map(|place| Value::from(vec![place.block, place.offset]));
        self.script(SELECT, &places);
        wait_until("the text is to be selected", || (self.selection() == Some((from, to))).then_some(()));
        self.breathe();
    }

    /// Lets the page draw twice: whatever it was told before it has taken note of then.
    #[track_caller]
    pub fn breathe(&self) {
        let script = "const done = arguments[0];
            requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => done(null))));";
        self.driver.async_script(script, &[]).unwrap_or_else(|error| panic!("the page does not draw: {error}"));
    }

    /// Pastes text, a paragraph a line.
    #[track_caller]
    pub fn paste(&self, text: &str) {
        let script = "const data = new DataTransfer();
            data.setData('text/plain', arguments[0]);
            const event = new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true });
            document.querySelector('.ProseMirror').dispatchEvent(event);";
        self.script(script, &[text.into()]);
    }

    /// Gives the window another size.
    #[track_caller]
    pub fn resize(&self, width: u32, height: u32) {
        let process = self.processes().first().copied().expect("the app runs");
        self.display.resize_window(process, (width, height)).unwrap_or_else(|error| panic!("no other size: {error}"));
        let size = format!("[{width},{height}]");
        wait_until(&format!("the window is to be {width} × {height}"), || {
            (self.script("return JSON.stringify([innerWidth, innerHeight])", &[]) == size.as_str()).then_some(())
        });
    }

    /// The numbers of the app's own processes; the web view's are their children.
    pub fn processes(&self) -> Vec<u32> {
        process::running(&self.binary, &self.data).into_iter().map(process::number).collect()
    }

    /// Where the app keeps its data.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// The text of the document's blocks in the editor, one entry a block.
    #[track_caller]
    pub fn paragraphs(&self) -> Vec<String> {
        let document = self.document();
        let blocks = document["content"].as_array().map(Vec::as_slice).unwrap_or_default();
        blocks.iter().map(text_of).collect()
    }

    /// Runs a script in the page and takes what it returns.
    #[track_caller]
    pub fn script(&self, script: &str, arguments: &[Value]) -> Value {
        self.driver.script(script, arguments).unwrap_or_else(|error| panic!("`{script}`: {error}"))
    }

    /// As [`App::script`], for what the page says later: the script's last argument is the function to call with it.
    #[track_caller]
    pub fn async_script(&self, script: &str, arguments: &[Value]) -> Value {
        self.driver.async_script(script, arguments).unwrap_or_else(|error| panic!("`{script}`: {error}"))
    }

    /// As [`App::script`], for an app that may end meanwhile.
    ///
    /// # Errors
    /// The driver or the app does not answer.
    pub fn try_script(&self, script: &str) -> Result<Value, DriverError> {
        self.driver.script(script, &[])
    }

    /// Calls one of the shell's commands as the page does, past whatever the UI would check: what the shell
    /// answers, or what it rejects with.
    #[track_caller]
    pub fn invoke(&self, command: &str, arguments: Value) -> Result<Value, Value> {
        let script = "const done = arguments[2];
            window.__TAURI_INTERNALS__.invoke(arguments[0], arguments[1])
                .then(value => done({ value }), error => done({ error }));";
        let answer = self.driver.async_script(script, &[command.into(), arguments]);
        let mut answer = answer.unwrap_or_else(|error| panic!("{command}: {error}"));
        if answer.get("error").is_some() { Err(answer["error"].take()) } else { Ok(answer["value"].take()) }
    }

    /// Saves what the window shows as a PNG.
    #[track_caller]
    pub fn screenshot(&self, file: &Path) {
        self.picture(file).unwrap_or_else(|error| panic!("no picture: {error}"));
    }

    /// The screen takes it. The driver could too, but its own pictures never come where there is no graphics card.
    fn picture(&self, file: &Path) -> io::Result<()> {
        let process = process::running(&self.binary, &self.data).first().copied();
        let process = process.ok_or_else(|| io::Error::other("the app does not run"))?;
        self.display.window_picture(process::number(process), file)
    }

    /// Closes the app as the end of a login session does, which it treats like a click on the close button, and
    /// waits until it is gone.
    #[track_caller]
    pub fn close(mut self) {
        process::running(&self.binary, &self.data).into_iter().for_each(process::ask_to_end);
        self.wait_until_gone();
    }

    /// Ends the app as a power cut does.
    #[track_caller]
    pub fn kill(self) {
        self.strike();
        self.bury();
    }

    /// Kills the app's process, from any thread; [`App::bury`] has to follow.
    pub fn strike(&self) {
        process::running(&self.binary, &self.data).into_iter().for_each(process::kill);
    }

    /// Waits until an app that was struck is gone.
    #[track_caller]
    pub fn bury(mut self) {
        self.wait_until_gone();
    }

    #[track_caller]
    fn wait_until_gone(&mut self) {
        wait_until("the app is to end", || process::running(&self.binary, &self.data).is_empty().then_some(()));
        // The driver is told last: told first, it would end the app in its own way. The app is gone, so the driver
        // may have nothing to say.
        let _ = self.driver.end_session();
        self.over = true;
    }

    #[track_caller]
    fn element(&self, selector: &str) -> String {
        wait_until(&format!("the page is to have {selector}"), || self.driver.find(selector).ok())
    }

    /// Does something with an element, again if the page drew it anew meanwhile or something still covers it.
    #[track_caller]
    fn act(&self, selector: &str, action: impl Fn(&str) -> Result<(), DriverError>) {
        let mut last = None;
        let end = std::time::Instant::now() + crate::PATIENCE;
        while std::time::Instant::now() < end {
            match self.driver.find(selector).and_then(|element| action(&element)) {
                Ok(()) => return,
                Err(error) => last = Some(error),
            }
            thread::sleep(std::time::Duration::from_millis(20));
        }
        panic!("{selector}: {}", last.map(|error| error.to_string()).unwrap_or_default());
    }
}

impl Drop for App {
    fn drop(&mut self) {
        if self.over {
            return;
        }
        if thread::panicking() {
            self.tell_last_state();
        }
        let _ = self.driver.end_session();
        // Whatever went wrong, the next test and the next run must find no window of this one.
        process::running(&self.binary, &self.data).into_iter().for_each(process::kill);
    }
}

impl App {
    /// A failed test on a machine without a screen is hard to understand without a picture.
    fn tell_last_state(&self) {
        let name = self.data.file_name().unwrap_or_default().to_string_lossy();
        let test = thread::current().name().unwrap_or("test").replace("::", "-");
        let file = pictures().join(format!("failed-{test}-{name}.png"));
        if self.picture(&file).is_ok() {
            eprintln!("{name}'s window at the end: {}", file.display());
        }
        eprintln!("{name}'s last words:\n{}", webdriver::tail(&self.log));
    }
}

fn by_id(id: &str) -> String {
    format!("[data-testid=\"{id}\"]")
}

fn text_of(node: &Value) -> String {
    match node["text"].as_str() {
        Some(text) => text.to_string(),
        None => node["content"].as_array().into_iter().flatten().map(text_of).collect(),
    }
}

/// Runs the app's command line on this data directory.
#[track_caller]
pub fn command_line(data: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(binary());
    command.args(arguments).arg("--data").arg(data).stdin(Stdio::null());
    command.output().unwrap_or_else(|error| panic!("the command line does not start: {error}"))
}

/// Where pictures for people go.
pub fn pictures() -> PathBuf {
    let directory = target_directory().join("e2e");
    std::fs::create_dir_all(&directory).expect("cargo's directory can be written");
    directory
}
