//! Two people whose folders Syncthing keeps alike.
