# Collects what an image is made of: its settings, the store paths of its closure
# (which Nix has listed in ./closure) and the files of its root.
mkdir -p $out/root
cp "$confJsonPath" $out/config.json
printf '%s' "$imageName" > $out/name
printf '%s' "$architecture" > $out/architecture
# (A list of path, deriver, number of references, references.)
grep '^/nix/store/' closure | grep -v '\.drv$' | sort -u | grep -v -- '-config\.json$' > $out/paths || :
cd $out/root
for r in $roots; do [ ! -d "$r" ] || cp -RL --no-preserve=mode "$r"/. .; done
eval "$extraCommands"
if [ -n "$loader" ]; then
  # The loader and the libraries, each under the names it is asked for.
  ldd "$loader" | grep -o '/[^ ]*' | while read -r library; do
    mkdir -p ".${library%/*}"
    cp -L "$library" ".$library"
  done
fi
# The store keeps no modes but the executable bit.
find . -type d -printf '%m %P\n' | grep -v '^755 ' > $out/modes || :
