//! Who listens on a port: Linux's tables of sockets, and what `lsof` prints on macOS.

use super::Holder;

/// The state `LISTEN` in the tables of Linux.
const LISTEN: &str = "0A";

/// Listening sockets of `/proc/net/tcp` or `tcp6`, as port and inode.
pub fn parse_table(text: &str) -> Vec<(u16, u64)> {
    text.lines().filter_map(table_line).collect()
}

/// `0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000 1000 0 12345 …`.
fn table_line(line: &str) -> Option<(u16, u64)> {
    let mut fields = line.split_whitespace().skip(1);
    let port = u16::from_str_radix(fields.next()?.rsplit_once(':')?.1, 16).ok()?;
    let state = fields.nth(1)?;
    let inode = fields.nth(5)?.parse().ok()?;
    (state == LISTEN).then_some((port, inode))
}

/// Reads `lsof -nP -iTCP -sTCP:LISTEN -Fpcn`: a line for each process, its name, and each of its sockets.
pub fn parse_lsof(text: &str) -> Vec<(u16, Holder)> {
    let mut holder = Holder::default();
    let mut found = Vec::new();
    for line in text.lines() {
        if let Some(pid) = line.strip_prefix('p') {
            holder = Holder { pid: pid.parse().ok(), ..Holder::default() };
        } else if let Some(name) = line.strip_prefix('c') {
            holder.name = Some(name.chars().filter(|c| !c.is_control()).collect());
        } else if let Some(port) = line.strip_prefix('n').and_then(|socket| socket.rsplit_once(':')?.1.parse().ok()) {
            found.push((port, holder.clone()));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_the_tables_of_linux() {
        let text = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n   \
                    0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 12345 1 0000000000000000 100 0 0 10 0\n   \
                    1: 00000000000000000000000000000000:0BB8 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 77 1 0 100 0 0 10 0\n   \
                    2: 0100007F:1F91 0100007F:9999 01 00000000:00000000 00:00000000 00000000  1000        0 5 1 0 100 0 0 10 0\n";
        assert_eq!(parse_table(text), [(8080, 12345), (3000, 77)]);
    }

    #[test]
    fn reads_what_lsof_prints() {
        let found = parse_lsof("p501\ncnode\nf23\nn127.0.0.1:3000\nf24\nn[::1]:3000\np77\ncControlCe\nn*:7000\n");
        assert_eq!(found.len(), 3);
        assert_eq!(found[0], (3000, Holder { pid: Some(501), name: Some("node".into()), is_own: false }));
        assert_eq!(found[2].1.label(), "`ControlCe` (process 77)");
    }

    proptest! {
        #[test]
        fn no_text_breaks_a_reader(text in "[pcnA-F0-9: \n\\[\\]*.]{0,150}") {
            let _table = parse_table(&text);
            let _lsof = parse_lsof(&text);
        }
    }
}
