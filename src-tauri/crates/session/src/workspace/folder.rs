//! Another shared folder for a workspace at work, or none.

use super::*;
use crate::profile::Profile;

impl Workspace {
    /// From now on the workspace is shared through this folder, or through none. Everything that is held here is published
    /// into it as far as it isn't there; `home` is the way to this workspace.
    pub fn change_folder(
        &mut self,
        folder: Option<PathBuf>,
        home: Handle,
    ) -> Result<wire::WorkspaceInfo, SessionError> {
        self.flush()?;
        if let Some(blobs) = self.blobs.as_ref().filter(|_| folder.is_some()) {
            blobs.answer_for_all()?;
        }
        let text = folder.as_ref().map(|folder| folder.to_string_lossy().into_owned().into_bytes());
        let moved = folder.as_ref().map(|_| vec![1]);
        let settings = vec![(setting::FOLDER.into(), text), (setting::MOVED.into(), moved)];
        self.store.commit(&Batch { settings, ..Batch::default() })?;
        self.mirror()?;
        self.forget_checkpoints()?;
        let turn = self.exchange.turn + 1;
        let (id, around) = (self.store.workspace(), self.around.clone());
        let home = Errand { handle: home, turn };
        let blobs = folder.clone().zip(self.blobs.clone());
        let courier = blobs.map(|(root, blobs)| Courier::start(root, blobs, home.clone(), around.clone()));
        let carrier = folder.map(|root| Carrier::start(root, id, home, around.clone(), FirstScan::AtOnce));
        // What was known of the files is forgotten with the folder that they were in.
        let last_key = self.exchange.last_key;
        self.take_presence_away();
        self.acknowledging.begin_in_folder();
        self.presences.begin_in_folder();
        self.exchange = Exchange::new(carrier, around);
        if courier.is_some() {
            // Till the courier knows better.
            self.exchange.outstanding_blobs = self.count_blobs()?;
        }
        self.exchange.courier = courier;
        self.exchange.turn = turn;
        self.exchange.has_moved = self.exchange.carrier.is_some();
        self.exchange.last_key = last_key;
        if self.first_unqueued()? <= self.last_number()? {
            self.exchange.first_unflushed = Some(self.around.moment());
        }
        self.flush()?;
        let info = Profile::info(&*self.store)?;
        self.tell(wire::Event::Workspace { workspace: info.clone() });
        self.tell_status();
        Ok(info)
    }
}
