//! Registers: the last one that counts holds.

use super::*;

/// The events that set one register, in their order.
#[derive(Debug, Clone, Default)]
pub(super) struct Candidates(Vec<RegisterEvent>);

#[derive(Debug, Clone)]
pub(super) struct RegisterEvent {
    order: OrderKey,
    id: Id,
    value: Option<Value>,
}

impl Candidates {
    fn add(&mut self, event: RegisterEvent) {
        let place = self.0.partition_point(|other| other.order < event.order);
        self.0.insert(place, event);
    }

    /// What holds; none where no event counts.
    fn last(&self, cancels: &Cancels) -> Option<&Option<Value>> {
        let mut counting = self.0.iter().rev().filter(|event| !cancels.is_off(event.id, View::Effect));
        counting.next().map(|event| &event.value)
    }
}

impl Window {
    pub(super) fn set_register(
        &mut self,
        step: &mut Step<'_>,
        id: Id,
        target: &Target<u64>,
        key: &str,
        value: Option<&Value>,
    ) {
        let target = match target {
            Target::Marker(at) => match self.element(step, *at) {
                Some((marker, true)) => Target::Marker(marker),
                _ => return,
            },
            Target::Document => Target::Document,
            Target::Workspace => Target::Workspace,
            Target::Thread(id) => Target::Thread(*id),
        };
        let key = (target, key.to_owned());
        let event = RegisterEvent { order: step.history.order_key(id), id, value: value.cloned() };
        match &key.0 {
            Target::Marker(marker) => {
                let state = self.markers.get_mut(marker).expect("a marker of the sequence has its attributes");
                state.candidates.entry(key.1.clone()).or_default().add(event);
            }
            _ => self.candidates.entry(key.clone()).or_default().add(event),
        }
        self.line(line_of(id)).hits.push((seq_of(id), Hit::Register(key.clone())));
        self.show_register(step, &key);
    }

    /// Brings what is shown of a register up to date.
    pub(super) fn show_register(&mut self, step: &mut Step<'_>, (target, key): &RegisterKey) {
        let Target::Marker(marker) = *target else {
            let of_base = self.base.registers.get(&(target.clone(), key.clone()));
            let last = self.candidates.get(&(target.clone(), key.clone())).and_then(|list| list.last(&self.cancels));
            let holds = last.map_or(of_base, Option::as_ref).cloned();
            let full_key = (target.clone(), key.clone());
            let registers = Arc::make_mut(step.registers);
            match holds {
                Some(value) => registers.insert(full_key, value),
                None => registers.remove(&full_key),
            };
            return;
        };
        let value = self.attribute(marker, key).cloned();
        if self.disordered || self.tree.get(marker).is_shown() {
            let at = self.tree.before(self.tree.locate(marker)).effect.shown() + 1;
            self.draw_step(step, |page| page.set_attribute(at, key, value.as_ref()));
        }
    }

    fn attribute(&self, marker: Id, key: &str) -> Option<&Value> {
        let state = &self.markers[&marker];
        let last = state.candidates.get(key).and_then(|candidates| candidates.last(&self.cancels));
        last.map_or(state.attributes.get(key), Option::as_ref)
    }

    /// All attributes of a marker at the effect version.
    pub(super) fn attributes(&self, marker: Id) -> Attributes {
        let state = &self.markers[&marker];
        let mut attributes = state.attributes.clone();
        for (key, candidates) in &state.candidates {
            match candidates.last(&self.cancels) {
                Some(Some(value)) => attributes.insert(key.clone(), value.clone()),
                Some(None) => attributes.remove(key),
                None => None,
            };
        }
        attributes
    }
}
