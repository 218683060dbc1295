//! The rules that a file must keep for Perfetto to show all of it. What breaks them is dropped
//! there, or moved, mostly without a word.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::json::{Value, parse};

type Track = (u64, u64);

/// A slice of a thread: from, to, category, name. Nanoseconds.
#[derive(Clone, Debug)]
pub(crate) struct Slice {
    pub(crate) from: u64,
    pub(crate) to: u64,
    pub(crate) category: String,
    pub(crate) name: String,
}

/// One end of an arrow, with the innermost slice to which it is bound.
#[derive(Clone, Debug)]
pub(crate) struct End {
    track: Track,
    at: u64,
    pub(crate) slice: Option<Slice>,
}

/// Of an arrow: category, name and number.
type FlowId = (String, String, u64);

/// What was found in a file.
#[derive(Debug, Default)]
pub(crate) struct Checked {
    pub(crate) violations: Vec<String>,
    pub(crate) slices: BTreeMap<Track, Vec<Slice>>,
    /// Begins and ends.
    pub(crate) flows: BTreeMap<FlowId, (Vec<End>, Vec<End>)>,
    pub(crate) thread_names: BTreeMap<Track, String>,
    pub(crate) counters: BTreeMap<String, Vec<(u64, u64)>>,
    pub(crate) instants: Vec<(u64, String)>,
    /// Of an async slice: begins and ends.
    pub(crate) pending: BTreeMap<FlowId, (Vec<u64>, Vec<u64>)>,
    processes: BTreeMap<u64, String>,
    series: HashMap<String, String>,
    used: BTreeSet<Track>,
}

pub(crate) fn check(text: &str) -> Checked {
    let mut checked = Checked::default();
    match parse(text) {
        Err(error) => checked.wrong(format!("no JSON: {error}")),
        Ok(root) => {
            if !matches!(root.get("displayTimeUnit").and_then(Value::text), Some("ms" | "ns")) {
                checked.wrong("displayTimeUnit is neither ms nor ns");
            }
            match root.get("traceEvents") {
                Some(Value::Array(events)) => events.iter().for_each(|event| {
                    if let Err(what) = checked.event(event) {
                        checked.wrong(format!("{what}: {event:?}"));
                    }
                }),
                _ => checked.wrong("no traceEvents"),
            }
            checked.check_tracks();
            checked.check_pairs();
        }
    }
    checked
}

fn field<'a>(event: &'a Value, name: &str) -> Result<&'a Value, String> {
    event.get(name).ok_or_else(|| format!("no {name}"))
}

fn text(event: &Value, name: &str) -> Result<String, String> {
    field(event, name)?.text().map(str::to_owned).ok_or_else(|| format!("{name} is no text"))
}

fn whole(event: &Value, name: &str) -> Result<u64, String> {
    field(event, name)?.whole().ok_or_else(|| format!("{name} is no whole number"))
}

fn nanos(event: &Value, name: &str) -> Result<u64, String> {
    field(event, name)?.nanos().ok_or_else(|| format!("{name} is no time"))
}

impl Checked {
    fn wrong(&mut self, what: impl Into<String>) {
        self.violations.push(what.into());
    }

    fn event(&mut self, event: &Value) -> Result<(), String> {
        let (phase, name) = (text(event, "ph")?, text(event, "name")?);
        let pid = whole(event, "pid")?;
        if event.get("args").is_some_and(|args| !matches!(args, Value::Object(_))) {
            return Err("args is no object".to_owned());
        }
        if phase == "M" {
            return self.metadata(event, &name, pid);
        }
        let at = nanos(event, "ts")?;
        if phase == "C" {
            return self.counter(event, name, at);
        }
        let track = (pid, whole(event, "tid")?);
        if track.0 == 0 || track.1 == 0 {
            return Err("0 is the idle process, or thread".to_owned());
        }
        self.used.insert(track);
        let category = text(event, "cat")?;
        if category.is_empty() {
            return Err("cat is empty".to_owned());
        }
        match phase.as_str() {
            "X" => {
                let to = at + nanos(event, "dur")?;
                self.slices.entry(track).or_default().push(Slice { from: at, to, category, name });
            }
            "b" | "e" => {
                let (begins, ends) =
                    self.pending.entry((category, name, whole(event, "id")?)).or_default();
                if phase == "b" { begins.push(at) } else { ends.push(at) }
            }
            "s" | "f" => {
                if phase == "f" && text(event, "bp")? != "e" {
                    return Err("bp is not e".to_owned());
                }
                let (begins, ends) =
                    self.flows.entry((category, name, whole(event, "id")?)).or_default();
                let end = End { track, at, slice: None };
                if phase == "s" { begins.push(end) } else { ends.push(end) }
            }
            "i" => {
                if !matches!(text(event, "s")?.as_str(), "t" | "p" | "g") {
                    return Err("s is neither t, p nor g".to_owned());
                }
                self.instants.push((at, name));
            }
            _ => return Err("ph is unknown".to_owned()),
        }
        Ok(())
    }

    fn metadata(&mut self, event: &Value, name: &str, pid: u64) -> Result<(), String> {
        let args = field(event, "args")?;
        let previous = match name {
            "process_name" => self.processes.insert(pid, text(args, "name")?),
            "thread_name" => {
                self.thread_names.insert((pid, whole(event, "tid")?), text(args, "name")?)
            }
            "thread_sort_index" => whole(args, "sort_index").map(|_| None)?,
            "process_labels" => text(args, "labels").map(|_| None)?,
            _ => return Err("unknown metadata".to_owned()),
        };
        previous.map_or(Ok(()), |_| Err("named twice".to_owned()))
    }

    fn counter(&mut self, event: &Value, name: String, at: u64) -> Result<(), String> {
        let Value::Object(args) = field(event, "args")? else {
            return Err("args is no object".to_owned());
        };
        let (1, Some((series, value))) = (args.len(), args.first_key_value()) else {
            return Err("not one series".to_owned());
        };
        let value = value.whole().ok_or("a counter that is no whole number")?;
        if self.series.entry(name.clone()).or_insert_with(|| series.clone()) != series {
            return Err("another series than before".to_owned());
        }
        let values = self.counters.entry(name).or_default();
        if values.last().is_some_and(|&(last, _)| last >= at) {
            return Err("two values at one time, or an earlier one".to_owned());
        }
        values.push((at, value));
        Ok(())
    }

    /// Slices nest as Perfetto takes them: by their time, and of one time in the order of the file.
    fn check_tracks(&mut self) {
        let mut violations = Vec::new();
        for track in &self.used {
            if !self.thread_names.contains_key(track) {
                violations.push(format!("no name for thread {track:?}"));
            }
            if !self.processes.contains_key(&track.0) {
                violations.push(format!("no name for process {}", track.0));
            }
        }
        for slices in self.slices.values_mut() {
            slices.sort_by_key(|slice| slice.from);
            let mut open: Vec<&Slice> = Vec::new();
            for slice in slices.iter() {
                open.retain(|outer| outer.to > slice.from);
                if let Some(outer) = open.last().filter(|outer| outer.to < slice.to) {
                    violations.push(format!("{slice:?} overlaps {outer:?}"));
                }
                open.push(slice);
            }
        }
        self.violations.extend(violations);
    }

    fn check_pairs(&mut self) {
        let mut violations = Vec::new();
        for (id, (begins, ends)) in &self.pending {
            match (&begins[..], &ends[..]) {
                ([begin], [end]) if begin <= end => {}
                _ => violations.push(format!("async slice {id:?}: {begins:?} and {ends:?}")),
            }
        }
        self.bind();
        for (id, (begins, ends)) in &self.flows {
            match (&begins[..], &ends[..]) {
                ([begin], [end]) if begin.at <= end.at => {
                    if begin.slice.is_none() || end.slice.is_none() {
                        violations.push(format!("flow {id:?} is not bound: {begins:?}, {ends:?}"));
                    }
                }
                _ => violations.push(format!("flow {id:?} is no pair: {begins:?}, {ends:?}")),
            }
        }
        self.violations.extend(violations);
    }

    /// Finds for each end of an arrow the innermost slice of its thread at its time.
    fn bind(&mut self) {
        let mut ends: Vec<&mut End> = self
            .flows
            .values_mut()
            .flat_map(|(begins, ends)| begins.iter_mut().chain(ends))
            .collect();
        ends.sort_by_key(|end| (end.track, end.at));
        let mut here = (0, 0);
        let (mut next, mut open) = (0, Vec::new());
        for end in ends {
            if end.track != here {
                (here, next) = (end.track, 0);
                open.clear();
            }
            let slices = self.slices.get(&here).map_or(&[][..], Vec::as_slice);
            while let Some(slice) = slices.get(next).filter(|slice| slice.from <= end.at) {
                open.retain(|outer: &&Slice| outer.to > slice.from);
                open.push(slice);
                next += 1;
            }
            open.retain(|slice| slice.to > end.at);
            end.slice = open.last().map(|slice| (*slice).clone());
        }
    }
}
