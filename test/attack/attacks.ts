// All attacks, in the order in which they run: each is a file of this folder, and what holds where it fails.
// Knows their names; never knows what they do.

export const ATTACKS: Record<string, string> = {
	identity: 'what was accepted of one person is never stored as of another',
	strangers: 'strangers leave no object, no file and no memory behind',
	names: 'a name that nothing is stored for leaves no file, and an emptied channel none',
	bodies: 'bodies of strangers are not read, and all bodies in flight have one bound',
	descriptors: 'a connection beyond the descriptors is refused, and the relay lives',
	'costly-reads': 'the costliest reads hold up nobody on another channel',
	damage: 'a damaged channel is named, emptied and deleted',
	bombs: 'what is small on the wire is never inflated for a stranger',
	smuggling: 'a request behind another never becomes one of its own',
	'full-disk': 'writes to a full disk are refused, and viewers stay',
	unicode: 'text that is no Unicode never reaches a reader',
	clock: 'a clock that is wrong for a moment hides and deletes nothing',
	small: 'odd requests and long parameters get a clear answer, and one line in the log at most',
};
