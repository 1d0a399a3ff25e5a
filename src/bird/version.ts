// The name under which the BIRD side of Starling answers. Calico's clients take what follows `BIRD ` for a version only
// where it begins with a `v`, and show it to people: hence the form of the BIRD that Calico brings along.

/** Version in the greeting, in `show status` and of `--version`. */
export const BIRD_VERSION = "v0.3.3+birdv1.6.8";
