//! Traces that are made up, since they would be too large to keep: always the same ones.

use std::fmt::Write as _;

use glasspool::timeline::Trace;

/// Of all widths, and of many scripts.
const NAMES: [&str; 9] = [
    "job",
    "WWWW@@@@%%%%mmmm",
    "a name that is so long that there is hardly ever any room for it",
    "iiiiiiiiiiii",
    "旗艦任務",
    "Жужжание",
    "👨‍👩‍👧‍👦🏁",
    "﷽ עברית ثم عربي",
    "ห้องน้ำ e\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}",
];

/// So many tasks on so many workers, from so many callers; each waits a while for the task that it
/// has submitted.
///
/// How long things take is what a simple generator of numbers says.
pub(crate) fn run(tasks: usize, workers: usize, callers: usize) -> Trace {
    let mut file = format!(
        "{{\"glasspool\":\"trace\",\"version\":1,\"title\":\"{tasks} tasks, {workers} workers, {callers} callers\"}}\n"
    );
    for caller in 0..callers {
        let _ = writeln!(file, "{{\"thread\":{caller},\"name\":\"caller {caller}\"}}");
    }
    for worker in 0..workers {
        let thread = callers + worker;
        let _ = writeln!(
            file,
            "{{\"thread\":{thread},\"name\":\"pool-0_{worker}\",\"pool\":0,\"worker\":{worker}}}"
        );
    }
    let mut events: Vec<(u64, String)> = Vec::new();
    let mut random = Random::new(7);
    let mut free_at = vec![0; workers];
    let mut caller_at = vec![0; callers];
    for worker in 0..workers {
        events.push((0, event(callers + worker, "\"event\":\"worker-born\"")));
    }
    for task in 0..tasks {
        let (caller, worker) = (task % callers, random.place_in(workers));
        let submitted: u64 = caller_at[caller] + random.below(900);
        let started = free_at[worker].max(submitted) + 1 + random.below(300);
        let ended = started + 1 + random.below(4000) * random.below(4);
        let how = if random.below(50) == 0 { "panicked" } else { "returned" };
        let about = format!("\"task\":{task}");
        let name = NAMES[task % NAMES.len()];
        let submit =
            format!("\"event\":\"submitted\",{about},\"name\":\"{name}\",\"at\":\"a.rs:1:1\"");
        events.push((submitted, event(caller, &submit)));
        events.push((started, event(callers + worker, &format!("\"event\":\"started\",{about}"))));
        let finish = format!("\"event\":\"finished\",{about},\"how\":\"{how}\"");
        events.push((ended, event(callers + worker, &finish)));
        free_at[worker] = ended + 1;
        caller_at[caller] = submitted + 1;
        if random.below(3) == 0 {
            let block = format!("\"event\":\"blocked\",{about},\"on\":\"task\"");
            events.push((submitted + 1, event(caller, &block)));
            events.push((
                ended.max(submitted + 1),
                event(caller, &format!("\"event\":\"unblocked\",\"by\":{task}")),
            ));
            events.push((
                ended.max(submitted + 1) + 1,
                event(caller, &format!("\"event\":\"collected\",{about}")),
            ));
            caller_at[caller] = ended.max(submitted + 1) + 2;
        }
    }
    events.sort_by_key(|&(at, _)| at);
    for (at, event) in &events {
        let _ = writeln!(file, "{{\"ns\":{at},{event}}}");
    }
    let _ = writeln!(file, "{{\"events\":{},\"dropped\":0}}", events.len());
    Trace::read(file.as_bytes()).expect("it is a trace")
}

fn event(thread: usize, what: &str) -> String {
    format!("\"thread\":{thread},\"pool\":0,\"queue\":0,{what}")
}

/// Numbers that look like chance: those of `xorshift`.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn place_in(&mut self, row: usize) -> usize {
        usize::try_from(self.below(row as u64)).expect("it is below a `usize`")
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}
