//! How long programs take as whole processes, from before they are started until they have ended. Nothing else is in that
//! time, and several programs take turns, so that what else the machine does meets each of them.
//!
//! `turns RUNS PROGRAM ARGUMENT... [-- PROGRAM ARGUMENT...]` prints a line with the median time of each program in
//! milliseconds; of two also the median of the ratios of single turns. Run after run, what stands on their standard input is
//! another line.

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Instant;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (runs, commands) = arguments.split_first().ok_or("how many runs?")?;
    let commands: Vec<&[String]> = commands.split(|argument| argument == "--").collect();
    let mut turns: Vec<Vec<f64>> = Vec::new();
    for run in 0..runs.parse()? {
        turns.push(commands.iter().map(|command| milliseconds(command, run)).collect::<Result<_>>()?);
    }
    let mut columns: Vec<f64> = (0..commands.len()).map(|column| median(turns.iter().map(|turn| turn[column]).collect())).collect();
    if commands.len() == 2 {
        columns.push(median(turns.iter().map(|turn| turn[0] / turn[1]).collect()));
    }
    println!("{}", columns.iter().map(|column| format!("{column:.2}")).collect::<Vec<_>>().join(" "));
    Ok(())
}

/// How long one run takes. The disk has nothing else to write when it begins.
fn milliseconds(command: &[String], run: usize) -> Result<f64> {
    let (program, arguments) = command.split_first().ok_or("which program?")?;
    Command::new("sync").status()?;
    let (input, mut line) = std::io::pipe()?;
    writeln!(line, "value{run}")?;
    drop(line);
    let mut command = Command::new(program);
    command.args(arguments).stdin(input).stdout(Stdio::null()).stderr(Stdio::null());
    let began = Instant::now();
    let status = command.status()?;
    let taken = began.elapsed().as_secs_f64() * 1000.0;
    if status.success() { Ok(taken) } else { Err(format!("`{program}`: {status}").into()) }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
