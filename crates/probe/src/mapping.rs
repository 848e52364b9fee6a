//! What a check gives evidence on: weaknesses, and items of the standards that auditors ask about. A starting point for
//! each group; the wording of the standards decides.

use serde::Serialize;

use crate::check::Check;

/// An item of the NIST Cybersecurity Framework under both of its names, since both versions are in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Csf {
    /// In version 2.0.
    #[serde(rename = "2.0")]
    pub two: &'static str,
    /// In version 1.1.
    #[serde(rename = "1.1")]
    pub one: &'static str,
}

/// Where a check stands in the standards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Mapping {
    /// Numbers of the Common Weakness Enumeration.
    pub cwe: &'static [u16],
    /// The NIST Cybersecurity Framework.
    pub nist_csf: &'static [Csf],
    /// Tenets of NIST SP 800-207, section 2.1.
    pub nist_800_207_tenets: &'static [u8],
    /// OWASP Non-Human Identities Top 10, 2025.
    pub owasp_nhi: &'static [u8],
    /// PCI DSS 4.0.
    pub pci_dss: &'static [&'static str],
    /// AI Controls Matrix of the Cloud Security Alliance.
    pub csa_aicm: &'static [&'static str],
    /// Layers of MAESTRO.
    pub maestro: &'static [u8],
}

const AA_01: Csf = Csf { two: "PR.AA-01", one: "PR.AC-1" };
const AA_03: Csf = Csf { two: "PR.AA-03", one: "PR.AC-7" };
const AA_04: Csf = Csf { two: "PR.AA-04", one: "PR.AC-6" };
const AA_05: Csf = Csf { two: "PR.AA-05", one: "PR.AC-4" };
const DS_01: Csf = Csf { two: "PR.DS-01", one: "PR.DS-6" };
const DS_02: Csf = Csf { two: "PR.DS-02", one: "PR.DS-2" };
const CM_09: Csf = Csf { two: "DE.CM-09", one: "DE.CM-7" };
const PS_04: Csf = Csf { two: "PR.PS-04", one: "PR.PT-1" };

/// Groups, by the first part of their ids.
static GROUPS: [(&[&str], Mapping); 9] = [
    (
        &["ANON", "CARGO"],
        Mapping {
            cwe: &[306, 862],
            nist_csf: &[AA_05],
            nist_800_207_tenets: &[1, 6],
            owasp_nhi: &[4],
            pci_dss: &["7.2", "7.3"],
            csa_aicm: &["IAM-16"],
            maestro: &[4, 6],
        },
    ),
    (
        &["TOK"],
        Mapping {
            cwe: &[863, 613],
            nist_csf: &[AA_03, AA_05],
            nist_800_207_tenets: &[3, 4, 6],
            owasp_nhi: &[1, 4, 5, 7],
            pci_dss: &["7.2", "8.3", "8.6"],
            csa_aicm: &["IAM-05", "IAM-07", "IAM-16"],
            maestro: &[6, 7],
        },
    ),
    (
        &["FORGE"],
        Mapping {
            cwe: &[347, 290],
            nist_csf: &[AA_03, AA_04],
            nist_800_207_tenets: &[6],
            owasp_nhi: &[4, 8],
            pci_dss: &["8.3"],
            csa_aicm: &["IAM-14"],
            maestro: &[6, 7],
        },
    ),
    (
        &["AUTHZ", "BIND"],
        Mapping {
            cwe: &[863, 639],
            nist_csf: &[AA_05],
            nist_800_207_tenets: &[1, 3, 4],
            owasp_nhi: &[5, 8],
            pci_dss: &["7.2", "7.3"],
            csa_aicm: &["IAM-05", "IAM-16", "IAM-19"],
            maestro: &[6, 7],
        },
    ),
    (
        &["ROUTE"],
        Mapping {
            cwe: &[436, 444, 290],
            nist_csf: &[AA_05],
            nist_800_207_tenets: &[6],
            owasp_nhi: &[4],
            pci_dss: &["6.2"],
            csa_aicm: &["IAM-16"],
            maestro: &[4],
        },
    ),
    (
        &["INGR"],
        Mapping {
            cwe: &[288, 319],
            nist_csf: &[AA_05, DS_02],
            nist_800_207_tenets: &[2, 6],
            owasp_nhi: &[6],
            pci_dss: &["1.4", "7.2"],
            csa_aicm: &["IAM-16"],
            maestro: &[4],
        },
    ),
    (
        &["LEAK"],
        Mapping {
            cwe: &[203, 204, 208],
            nist_csf: &[AA_05],
            nist_800_207_tenets: &[],
            owasp_nhi: &[2, 6],
            pci_dss: &["6.2"],
            csa_aicm: &[],
            maestro: &[4],
        },
    ),
    (
        &["TLS"],
        Mapping {
            cwe: &[295, 326],
            nist_csf: &[DS_02],
            nist_800_207_tenets: &[2],
            owasp_nhi: &[4],
            pci_dss: &["4.2"],
            csa_aicm: &[],
            maestro: &[4],
        },
    ),
    (&["GATE"], GATE),
];

const GATE: Mapping = Mapping {
    cwe: &[345],
    nist_csf: &[DS_01],
    nist_800_207_tenets: &[4, 5],
    owasp_nhi: &[2, 3],
    pci_dss: &["10.2", "11.5"],
    csa_aicm: &[],
    maestro: &[4, 5],
};

static MON: Mapping = Mapping { cwe: &[778], nist_csf: &[CM_09, PS_04], nist_800_207_tenets: &[7], ..GATE };

/// Checks that say more about one item of OWASP's list than their group does.
static OWASP_NHI: [(&str, &[u8]); 21] = [
    ("TOK-07", &[5]),
    ("TOK-08", &[5]),
    ("TOK-09", &[5]),
    ("TOK-16", &[7]),
    ("TOK-17", &[7]),
    ("TOK-19", &[4]),
    ("TOK-22", &[2]),
    ("TOK-23", &[4]),
    ("TOK-24", &[8, 9]),
    ("TOK-25", &[1]),
    ("TOK-26", &[1]),
    ("TOK-29", &[3, 6]),
    ("TOK-30", &[1]),
    ("FORGE-22", &[2]),
    ("FORGE-24", &[8]),
    ("AUTHZ-10", &[8]),
    ("INGR-08", &[7]),
    ("INGR-15", &[3]),
    ("INGR-16", &[3]),
    ("LEAK-08", &[2]),
    ("GATE-09", &[1]),
];

impl Mapping {
    /// Where a check stands. A control has no place of its own: it is no finding.
    #[must_use]
    pub fn of(check: &Check) -> Option<Self> {
        Self::of_id(check.id)
    }

    fn of_id(id: &str) -> Option<Self> {
        let group = id.split('-').next()?;
        let known = GROUPS.iter().find(|(groups, _)| groups.contains(&group)).map(|(_, mapping)| *mapping);
        let mut mapping = known.or_else(|| (group == "MON").then_some(MON))?;
        match id {
            "TOK-25" | "TOK-26" | "TOK-30" => {
                mapping.cwe = &[613];
                mapping.nist_csf = &[AA_01, AA_05];
                mapping.nist_800_207_tenets = &[3, 4];
            }
            "TLS-05" => mapping.csa_aicm = &["IAM-14"],
            _ => {}
        }
        let refined = OWASP_NHI.iter().find(|(known, _)| *known == id);
        mapping.owasp_nhi = refined.map_or(mapping.owasp_nhi, |(_, items)| items);
        Some(mapping)
    }

    /// A line for each standard: its name, and its items.
    #[must_use]
    pub fn lines(&self) -> Vec<(&'static str, String)> {
        let csf = |item: &Csf| format!("{} (CSF 1.1: {})", item.two, item.one);
        let lines = [
            ("CWE", listed(self.cwe, |number| format!("CWE-{number}"))),
            ("NIST CSF 2.0", listed(self.nist_csf, csf)),
            ("NIST SP 800-207", listed(self.nist_800_207_tenets, |tenet| format!("tenet {tenet}"))),
            ("OWASP NHI 2025", listed(self.owasp_nhi, |item| format!("NHI{item} {}", nhi(*item)))),
            ("PCI DSS 4.0", listed(self.pci_dss, |item| (*item).to_owned())),
            ("CSA AICM", listed(self.csa_aicm, |item| (*item).to_owned())),
            ("MAESTRO", listed(self.maestro, |layer| format!("layer {layer}"))),
        ];
        lines.into_iter().filter(|(_, items)| !items.is_empty()).collect()
    }
}

fn listed<T>(items: &[T], name: impl Fn(&T) -> String) -> String {
    items.iter().map(name).collect::<Vec<_>>().join(", ")
}

/// The name of an item of OWASP's list.
fn nhi(item: u8) -> &'static str {
    match item {
        1 => "improper offboarding",
        2 => "secret leakage",
        3 => "vulnerable third-party NHI",
        4 => "insecure authentication",
        5 => "overprivileged NHI",
        6 => "insecure cloud deployment configurations",
        7 => "long-lived secrets",
        8 => "environment isolation",
        9 => "NHI reuse",
        _ => "human use of NHI",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::catalogue;

    #[test]
    fn every_check_that_can_be_a_finding_has_its_place() {
        for check in catalogue() {
            assert_eq!(Mapping::of(check).is_some(), !check.group.is_control(), "{}", check.id);
        }
    }

    #[test]
    fn both_names_of_each_nist_item_are_printed() {
        let lines = Mapping::of_id("TOK-26").unwrap().lines();
        let said = lines.iter().map(|(name, items)| format!("{name}: {items}\n")).collect::<String>();
        insta::assert_snapshot!(said, @r"
        CWE: CWE-613
        NIST CSF 2.0: PR.AA-01 (CSF 1.1: PR.AC-1), PR.AA-05 (CSF 1.1: PR.AC-4)
        NIST SP 800-207: tenet 3, tenet 4
        OWASP NHI 2025: NHI1 improper offboarding
        PCI DSS 4.0: 7.2, 8.3, 8.6
        CSA AICM: IAM-05, IAM-07, IAM-16
        MAESTRO: layer 6, layer 7
        ");
        assert_eq!(Mapping::of_id("MON-01").unwrap().nist_csf, [CM_09, PS_04]);
        assert_eq!(Mapping::of_id("CTL-01"), None);
    }
}
