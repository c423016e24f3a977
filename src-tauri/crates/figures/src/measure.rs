//! What a run has cost this process.

use std::time::Duration;

/// The most memory that this process has had at once, in bytes; 0 where the system doesn't say.
pub fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kib.unwrap_or(0) * 1024
}

/// The processor time that this process has had; none where the system doesn't say.
pub fn processor_time() -> Duration {
    // Nanoseconds on a processor, of this thread alone: what is measured is done by one.
    let schedule = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    Duration::from_nanos(schedule.split(' ').next().and_then(|nanos| nanos.parse().ok()).unwrap_or(0))
}

/// Of measured times the one below which this part of them is, in milliseconds.
pub fn percentile(times: &mut [Duration], part: f64) -> f64 {
    times.sort_unstable();
    let at = ((times.len() as f64 * part) as usize).min(times.len().saturating_sub(1));
    times.get(at).map_or(0.0, |time| milliseconds(*time))
}

/// Milliseconds, to a hundredth.
pub fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 100_000.0).round() / 100.0
}
