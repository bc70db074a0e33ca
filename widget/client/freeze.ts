// Values that many are given and nobody may change for the others.
// Knows objects and arrays; never knows what is in them.

/** Freezes a value and all that is in it, and returns it. Its depth is bounded where it comes from the relay. */
export function freeze<T>(value: T): T {
	if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
		Object.freeze(value);
		Object.values(value).forEach(freeze);
	}
	return value;
}
