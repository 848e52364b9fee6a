//! Configurations that are none, for the start and for reading again.

/// Files that must not be accepted, each with the name it has in the snapshot.
pub(crate) const BAD: &[(&str, &str)] = &[
    ("unknown table", "[repositories]\nname = \"a\"\n"),
    ("mistyped table", "[lisetn]\naddress = \"localhost:5000\"\n"),
    ("mistyped key", "public_urls = []\n\n[listen]\nadress = \"localhost:5000\"\n"),
    ("key of a later version", "include = [\"access.d/*.toml\"]\n"),
    ("far from any key", "[robots]\npassword_policy = \"strong\"\n"),
    ("unknown key of a repository", "[[repository]]\nname = \"a\"\nprotected_tag = [\"v*\"]\n"),
    ("missing name", "[[repository]]\nvisibility = \"public\"\n"),
    ("truncated", "[listen]\naddress = \"localhost:50"),
    ("truncated table", "[listen"),
    ("not TOML", "{\"listen\": {\"address\": \"localhost:5000\"}}\n"),
    ("key twice", "[audit]\nstrict = true\nstrict = false\n"),
    ("no value", "[policy]\nanonymous =\n"),
    ("text for a switch", "[policy]\nanonymous = \"yes\"\n"),
    ("number for a list", "[policy]\nfiles = 1\n"),
    ("text for a list", "public_urls = \"https://registry.example.com\"\n"),
    ("number for a table", "listen = 5000\n"),
    ("table for a list of tables", "[repository]\nname = \"a\"\n"),
    ("number for a text", "[origin]\nkind = 1\n"),
    ("another origin", "[origin]\nkind = \"upstream\"\n"),
    ("no origin at all", "[origin]\nkind = \"redis\"\n"),
    ("address without a port", "[listen]\naddress = \"127.0.0.1\"\n"),
    ("host name to listen on", "[listen]\naddress = \"registry.example.com:443\"\n"),
    ("operations beyond loopback", "[listen]\nops = \"0.0.0.0:9501\"\n"),
    ("operations on a port alone", "[listen]\nops = 9501\n"),
    ("public URL without scheme", "public_urls = [\n  \"https://a.example.com\",\n  \"registry.example.com\",\n]\n"),
    ("public URL with path", "public_urls = [\"https://registry.example.com/v2/\"]\n"),
    ("public host twice", "public_urls = [\"https://a.example.com\", \"http://A.example.com/\"]\n"),
    ("star as in a shell", "[[repository]]\nname = \"prod/*\"\n"),
    ("upper case repository", "[[repository]]\nname = \"Prod/app\"\n"),
    ("star inside a tag", "[[repository]]\nname = \"a\"\nprotected_tags = [\"stable\", \"v*.0\"]\n"),
    ("mistyped visibility", "[[repository]]\nname = \"a\"\nvisibility = \"publik\"\n"),
    ("repository twice", "[[repository]]\nname = \"a/**\"\n\n[[repository]]\nname = \"a/**\"\n"),
    ("duration without a unit", "[robots]\nmax_ttl = \"90\"\n"),
    ("duration as a number", "[robots]\nmax_ttl = 90\n"),
    ("duration of nothing", "[limits]\nbody_idle = \"0s\"\n"),
    ("endless duration", "[robots]\nmax_ttl = \"99999d\"\n"),
    ("size in other units", "[store]\nkeep_free = \"256MB\"\n"),
    ("negative size", "[store]\nkeep_free = -1\n"),
    ("size as a switch", "[store]\nkeep_free = false\n"),
    ("no connections", "[limits]\nconnections = 0\n"),
    ("count as text", "[limits]\nconnections_per_address = \"many\"\n"),
    ("header block for nobody", "[limits]\nheader_block = \"1KiB\"\n"),
    ("segment for nothing", "[audit]\nsegment_bytes = 1\n"),
    ("probe of nothing", "[[probe]]\nevery = \"1h\"\n"),
    ("probe of no reference", "[[probe]]\nprivate = [\"team/app:1.0\", \"registry.example.com/Team\"]\n"),
    ("probe at no door", "[[probe]]\nprivate = [\"team/app\"]\ndoors = [\"registry.example.com\"]\n"),
    ("probe in two ways", "[[probe]]\nintent = \"here.cedar\"\nprivate = [\"team/app\"]\n"),
    ("probe by a file that is not there", "[[probe]]\nintent = \"nowhere.toml\"\n"),
    ("probe without end", "[[probe]]\nprivate = [\"a\"]\nevery = \"always\"\n"),
    ("mistyped key of a probe", "[[probe]]\nprivat = [\"a\"]\n"),
    ("policy that is not there", "[policy]\nfiles = [\"here.cedar\", \"nowhere.cedar\"]\n"),
    ("policies that are not there", "[policy]\nfiles = [\"here.cedar\", \"*.rego\"]\n"),
    ("star for folders", "[policy]\nfiles = [\"*/a.cedar\"]\n"),
    ("policy that is no text", "[policy]\nfiles = [\"binary.cedar\"]\n"),
    ("terminal code", "[listen]\n\"\\u001b[2J\" = 1\n"),
];

/// A folder with the file `pullgate.toml` and a few policy files.
pub(crate) fn folder(text: impl AsRef<[u8]>) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("pullgate.toml"), text).unwrap();
    std::fs::write(folder.path().join("here.cedar"), "// one").unwrap();
    std::fs::write(folder.path().join("there.cedar"), "// two").unwrap();
    std::fs::write(folder.path().join("binary.cedar"), b"// one\n\xff").unwrap();
    folder
}
