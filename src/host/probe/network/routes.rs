//! Whether a route leads out of this machine, by the kernel's tables. Nothing is sent to find out.

use crate::host::probe::Vantage;

/// Whether a default route exists, also one that a VPN has split in two. A bridge of containers alone leads nowhere.
/// Where there are no such tables, as on a Mac, it is taken for granted.
pub(super) fn lead_out(vantage: &Vantage) -> bool {
    let read = |path: &str| vantage.read(&vantage.system(path)).known().cloned().flatten();
    match (read("/proc/net/route"), read("/proc/net/ipv6_route")) {
        (None, None) => true,
        (over_ipv4, over_ipv6) => {
            over_ipv4.unwrap_or_default().lines().any(leads_out_over_ipv4)
                || over_ipv6.unwrap_or_default().lines().any(leads_out_over_ipv6)
        }
    }
}

/// `Iface Destination Gateway Flags RefCnt Use Metric Mask …`, numbers in hexadecimal; flag 1 says that it is up.
fn leads_out_over_ipv4(line: &str) -> bool {
    let columns: Vec<&str> = line.split_whitespace().collect();
    let (Some(&interface), Some(&mask)) = (columns.first(), columns.get(7)) else { return false };
    let flags = columns.get(3).and_then(|flags| u32::from_str_radix(flags, 16).ok()).unwrap_or(0);
    interface != "lo" && flags & 1 == 1 && matches!(mask, "00000000" | "00000080")
}

/// `destination prefix source prefix gateway metric references use flags interface`; flag 0x200 says that it rejects.
fn leads_out_over_ipv6(line: &str) -> bool {
    let columns: Vec<&str> = line.split_whitespace().collect();
    let (Some(&prefix), Some(&flags), Some(&interface)) = (columns.get(1), columns.get(8), columns.get(9)) else {
        return false;
    };
    let flags = u32::from_str_radix(flags, 16).unwrap_or(0);
    interface != "lo" && flags & 1 == 1 && flags & 0x200 == 0 && matches!(prefix, "00" | "01" | "03")
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::vantage;
    use super::*;

    const HEAD: &str = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n";
    /// What a machine without IPv6 outside shows: the loopback, and a default that rejects.
    const NO_IPV6: &str = "00000000000000000000000000000001 80 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000001 00000000 00000001       lo\n\
        00000000000000000000000000000000 00 00000000000000000000000000000000 00 00000000000000000000000000000000 ffffffff 00000001 00000000 00200200       lo\n";

    fn has_a_way_out(over_ipv4: &str, over_ipv6: &str) -> bool {
        let (root, vantage) = vantage();
        fs_err::create_dir_all(root.join("proc/net")).unwrap();
        fs_err::write(root.join("proc/net/route"), format!("{HEAD}{over_ipv4}")).unwrap();
        fs_err::write(root.join("proc/net/ipv6_route"), over_ipv6).unwrap();
        lead_out(&vantage)
    }

    #[test]
    fn tells_a_way_out_from_a_bridge() {
        let docker = "docker0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\n";
        let default = "eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n";
        let half = "tun0\t00000000\t0100000A\t0003\t0\t0\t0\t00000080\t0\t0\t0\n";
        assert!(!has_a_way_out("", NO_IPV6) && !has_a_way_out(docker, NO_IPV6));
        assert!(has_a_way_out(default, NO_IPV6) && has_a_way_out(half, NO_IPV6));
        let over_ipv6 = "00000000000000000000000000000000 00 00000000000000000000000000000000 00 fe800000000000000000000000000001 00000400 00000001 00000000 00000003     eth0\n";
        assert!(has_a_way_out(docker, over_ipv6));
    }

    #[test]
    fn a_machine_without_tables_is_not_taken_for_unplugged() {
        assert!(lead_out(&vantage().1));
    }
}
