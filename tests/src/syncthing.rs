//! Two daemons of Syncthing that keep two folders of this machine alike, and speak to nobody else.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use inkfold_xtask::child;
use serde_json::{Value, json};

use crate::http;
use crate::wait::wait_until;

/// What the daemons call the folder.
const FOLDER: &str = "notes";
/// What they are asked with.
const KEY: &str = "test";
/// So often free ports are looked for: one may be gone when it is taken.
const ATTEMPTS: usize = 5;

/// What a daemon is told before its first start: to be quick, and to be found by nobody.
const OPTIONS: &[(&str, &str)] = &[
    ("announceLANAddresses", "false"),
    ("autoUpgradeIntervalH", "0"),
    ("crashReportingEnabled", "false"),
    ("globalAnnounceEnabled", "false"),
    ("localAnnounceEnabled", "false"),
    ("natEnabled", "false"),
    ("reconnectionIntervalS", "1"),
    ("relaysEnabled", "false"),
    ("setLowPriority", "false"),
    ("startBrowser", "false"),
    ("stunKeepaliveStartS", "0"),
    ("urAccepted", "-1"),
];

/// Two daemons, each with a folder; killed with this value, and with this process however it ends.
pub struct Syncthing {
    daemons: [Daemon; 2],
}

impl Syncthing {
    /// Starts both, with what is theirs in new directories in `place`, and waits until they have met.
    #[track_caller]
    pub fn start(place: &Path, folders: [&Path; 2]) -> Syncthing {
        let daemons = ["one", "other"].map(|name| Daemon::start(&place.join("syncthing").join(name)));
        for (daemon, folder) in daemons.iter().zip(folders) {
            for peer in &daemons {
                daemon.meet(peer);
            }
            daemon.carry(folder, &daemons);
        }
        let syncthing = Syncthing { daemons };
        syncthing.wait_until_connected(true);
        syncthing
    }

    /// Cuts them off from each other.
    #[track_caller]
    pub fn cut(&self) {
        self.daemons[0].ask("POST", &format!("/rest/system/pause?device={}", self.daemons[1].id), Value::Null);
        self.wait_until_connected(false);
    }

    /// Lets them meet again, once both know what is in their folders.
    #[track_caller]
    pub fn mend(&self) {
        for daemon in &self.daemons {
            daemon.ask("POST", &format!("/rest/db/scan?folder={FOLDER}"), Value::Null);
        }
        self.daemons[0].ask("POST", &format!("/rest/system/resume?device={}", self.daemons[1].id), Value::Null);
        self.wait_until_connected(true);
    }

    #[track_caller]
    fn wait_until_connected(&self, wanted: bool) {
        let [one, other] = &self.daemons;
        for (daemon, peer) in [(one, other), (other, one)] {
            wait_until(&format!("Syncthing's connection is to be {wanted}"), || {
                let connections = daemon.ask("GET", "/rest/system/connections", Value::Null);
                (connections["connections"][&peer.id]["connected"] == wanted).then_some(())
            });
        }
    }
}

struct Daemon {
    process: Child,
    /// Where it answers questions.
    port: u16,
    /// Where it waits for the other.
    address: String,
    id: String,
    log: PathBuf,
}

impl Daemon {
    #[track_caller]
    fn start(home: &Path) -> Daemon {
        fs::create_dir_all(home).expect("a directory for a daemon");
        let log = home.with_extension("log");
        let done = Command::new("syncthing")
            .args(["generate", "--home"])
            .arg(home)
            .env("STNODEFAULTFOLDER", "1")
            .stdin(Stdio::null())
            .output()
            .expect("these tests need syncthing; `cargo xtask test` installs it");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        let mut last = None;
        for _ in 0..ATTEMPTS {
            match Daemon::launch(home, &log) {
                Ok(daemon) => return daemon,
                Err(error) => last = Some(error),
            }
        }
        let printed = fs::read_to_string(&log).unwrap_or_default();
        panic!("Syncthing does not start: {last:?}\n{printed}")
    }

    fn launch(home: &Path, log: &Path) -> io::Result<Daemon> {
        let port = http::free_port()?;
        let address = format!("tcp4://127.0.0.1:{}", http::free_port()?);
        let file = home.join("config.xml");
        let mut config = fs::read_to_string(&file)?;
        for (name, value) in OPTIONS.iter().chain([&("listenAddress", address.as_str())]) {
            set(&mut config, name, value);
        }
        fs::write(&file, config)?;
        // Not a pipe: nobody reads it unless something goes wrong.
        let output = File::create(log)?;
        let mut command = child::command("syncthing");
        command
            .args(["serve", "--no-browser", "--home"])
            .arg(home)
            .env("STGUIADDRESS", format!("127.0.0.1:{port}"))
            .env("STGUIAPIKEY", KEY)
            .env("STNODEFAULTFOLDER", "1")
            // Then it is one process, and not one that watches over another.
            .env("STNORESTART", "1")
            .env("STNOUPGRADE", "1")
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output);
        let process = child::start(command)?;
        let mut daemon = Daemon { process, port, address, id: String::new(), log: log.to_owned() };
        let id = wait_until("Syncthing is to answer", || match daemon.process.try_wait() {
            Ok(None) => {
                let status = daemon.try_ask("GET", "/rest/system/status", Value::Null).ok()?;
                Some(Ok(status["myID"].as_str()?.to_owned()))
            }
            ended => Some(Err(io::Error::other(format!("it has ended: {ended:?}")))),
        })?;
        daemon.id = id;
        let status = daemon.try_ask("GET", "/rest/system/status", Value::Null)?;
        match &status["connectionServiceStatus"][&daemon.address]["error"] {
            Value::Null => Ok(daemon),
            error => Err(io::Error::other(format!("it can't be reached: {error}"))),
        }
    }

    /// Tells it where another one is. It knows itself already, and is told the same again.
    #[track_caller]
    fn meet(&self, peer: &Daemon) {
        let device = json!({ "deviceID": peer.id, "name": peer.port.to_string(), "addresses": [peer.address] });
        self.ask("POST", "/rest/config/devices", device);
    }

    /// Gives it a folder to keep in step with these.
    #[track_caller]
    fn carry(&self, folder: &Path, daemons: &[Daemon]) {
        // Of a folder that says nothing about conflicts no copy is kept.
        let mut described = self.ask("GET", "/rest/config/defaults/folder", Value::Null);
        described["id"] = FOLDER.into();
        described["label"] = FOLDER.into();
        described["path"] = folder.to_str().expect("a plain path").into();
        described["fsWatcherDelayS"] = 1.into();
        described["minDiskFree"] = json!({ "value": 0, "unit": "%" });
        described["devices"] = daemons.iter().map(|daemon| json!({ "deviceID": daemon.id })).collect();
        self.ask("POST", "/rest/config/folders", described);
    }

    #[track_caller]
    fn ask(&self, method: &str, path: &str, body: Value) -> Value {
        self.try_ask(method, path, body).unwrap_or_else(|error| {
            let printed = fs::read_to_string(&self.log).unwrap_or_default();
            panic!("{method} {path}: {error}\n{printed}")
        })
    }

    fn try_ask(&self, method: &str, path: &str, body: Value) -> io::Result<Value> {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let answer = http::request(self.port, method, path, &[&format!("X-API-Key: {KEY}")], &body)?;
        if !answer.good {
            return Err(io::Error::other(answer.body));
        }
        // What is only done is answered by nothing.
        Ok(serde_json::from_str(&answer.body).unwrap_or_default())
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Sets an option in a configuration as Syncthing writes it, one a line.
#[track_caller]
fn set(config: &mut String, name: &str, value: &str) {
    let (begin, end) = (format!("<{name}>"), format!("</{name}>"));
    let from = config.find(&begin).unwrap_or_else(|| panic!("Syncthing knows no option {name}")) + begin.len();
    let to = from + config[from..].find(&end).unwrap_or_else(|| panic!("{name} has no end"));
    config.replace_range(from..to, value);
}
