//! As much of the WebDriver protocol as the tests need, spoken to WebKitGTK's driver. A library for it brings a
//! hundred crates along; the protocol is JSON over one local connection a request.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use std::{error, fmt, thread};

use inkfold_xtask::display::Display;
use serde_json::{Value, json};

use crate::http;

/// The key under which the standard hides an element's id.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// What the driver could not do.
#[derive(Debug)]
pub enum DriverError {
    /// It does not answer, or not in a way that makes sense.
    Silent(io::Error),
    /// It refuses.
    Refused {
        /// The standard's name for the reason, such as `no such element`.
        code: String,
        /// What it says.
        message: String,
    },
}

impl fmt::Display for DriverError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DriverError::Silent(error) => write!(formatter, "the driver does not answer: {error}"),
            DriverError::Refused { code, message } => write!(formatter, "{code}: {message}"),
        }
    }
}

impl error::Error for DriverError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            DriverError::Silent(error) => Some(error),
            DriverError::Refused { .. } => None,
        }
    }
}

impl From<io::Error> for DriverError {
    fn from(error: io::Error) -> Self {
        DriverError::Silent(error)
    }
}

type Answer<T> = Result<T, DriverError>;

/// A driver with the one app that it started.
pub struct Driver {
    process: Child,
    port: u16,
    session: Option<String>,
}

impl Driver {
    /// Starts a driver, and the app with it. One driver for each app: a shared one loses track of them. The driver
    /// hands its environment to the app.
    pub fn start(binary: &Path, data: &Path, display: &Display, log: &Path) -> Answer<Driver> {
        // The port is free when it is asked for and may be gone when the driver takes it.
        let mut attempts = 0;
        let mut driver = loop {
            attempts += 1;
            match Driver::launch(data, display, log) {
                Err(_) if attempts < 5 => {}
                result => break result?,
            }
        };
        let options = json!({ "binary": binary, "args": [] });
        let wanted = json!({ "capabilities": { "alwaysMatch": { "webkitgtk:browserOptions": options } } });
        let session = driver.request("POST", "/session", Some(wanted))?;
        driver.session = session["sessionId"].as_str().map(str::to_string);
        if driver.session.is_some() { Ok(driver) } else { Err(nonsense("the driver names no session")) }
    }

    fn launch(data: &Path, display: &Display, log: &Path) -> Answer<Driver> {
        let port = http::free_port()?;
        // Not a pipe: an app that outlived its test would hold it open, and whoever reads it would wait for ever.
        let output = File::options().create(true).append(true).open(log)?;
        let mut command = Command::new("WebKitWebDriver");
        command
            .arg(format!("--port={port}"))
            .env("INKFOLD_DATA", data)
            // Without this the app is not told that it is driven, and the driver waits for it in silence.
            .env("TAURI_WEBVIEW_AUTOMATION", "true")
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output);
        display.lend_to(&mut command);
        let mut driver = Driver { process: command.spawn()?, port, session: None };
        for _ in 0..1_000 {
            if driver.process.try_wait()?.is_some() {
                return Err(nonsense("the driver ended at once"));
            }
            if driver.request("GET", "/status", None).is_ok_and(|status| status["ready"] == true) {
                return Ok(driver);
            }
            thread::sleep(Duration::from_millis(10));
        }
        Err(nonsense("the driver is never ready"))
    }

    /// The element that this CSS selector finds first.
    pub fn find(&self, selector: &str) -> Answer<String> {
        let answer = self.ask("POST", "/element", json!({ "using": "css selector", "value": selector }))?;
        element(&answer)
    }

    /// The element that has the keyboard.
    pub fn active(&self) -> Answer<String> {
        element(&self.ask("GET", "/element/active", Value::Null)?)
    }

    /// Clicks on an element's middle.
    pub fn click(&self, element: &str) -> Answer<()> {
        self.ask("POST", &format!("/element/{element}/click"), json!({})).map(drop)
    }

    /// Types into an element.
    pub fn type_into(&self, element: &str, text: &str) -> Answer<()> {
        self.ask("POST", &format!("/element/{element}/value"), json!({ "text": text })).map(drop)
    }

    /// Empties a field.
    pub fn clear(&self, element: &str) -> Answer<()> {
        self.ask("POST", &format!("/element/{element}/clear"), json!({})).map(drop)
    }

    /// Runs a script in the page and takes what it returns.
    pub fn script(&self, script: &str, arguments: &[Value]) -> Answer<Value> {
        self.ask("POST", "/execute/sync", json!({ "script": script, "args": arguments }))
    }

    /// Runs a script that calls its last argument with the answer.
    pub fn async_script(&self, script: &str, arguments: &[Value]) -> Answer<Value> {
        self.ask("POST", "/execute/async", json!({ "script": script, "args": arguments }))
    }

    /// Ends the session, which ends the app if it still runs.
    pub fn end_session(&mut self) -> Answer<()> {
        match self.session.take() {
            Some(session) => self.request("DELETE", &format!("/session/{session}"), None).map(drop),
            None => Ok(()),
        }
    }

    fn ask(&self, method: &str, path: &str, body: Value) -> Answer<Value> {
        let session = self.session.as_deref().ok_or_else(|| nonsense("the session has ended"))?;
        self.request(method, &format!("/session/{session}{path}"), (method == "POST").then_some(body))
    }

    fn request(&self, method: &str, path: &str, body: Option<Value>) -> Answer<Value> {
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        let answer = http::request(self.port, method, path, &[], &body)?;
        let mut body: Value = serde_json::from_str(&answer.body).map_err(|_| nonsense("the answer is not JSON"))?;
        let value = body["value"].take();
        // A script's own answer may have an `error` in it too; only the status tells them apart.
        if answer.good {
            return Ok(value);
        }
        let said = |key: &str| value[key].as_str().unwrap_or_default().to_string();
        Err(DriverError::Refused { code: said("error"), message: said("message") })
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The last lines that a driver and its app wrote.
pub fn tail(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}

fn element(answer: &Value) -> Answer<String> {
    answer[ELEMENT].as_str().map(str::to_string).ok_or_else(|| nonsense("the driver names no element"))
}

fn nonsense(what: &str) -> DriverError {
    DriverError::Silent(io::Error::other(what.to_string()))
}
