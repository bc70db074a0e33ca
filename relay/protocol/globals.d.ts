// The few globals beyond ECMAScript that every runtime of the protocol has (Node, browsers, workers).
declare class TextEncoder {
	encode(text: string): Uint8Array;
}
declare class URL {
	constructor(url: string);
	readonly protocol: string;
	readonly hostname: string;
	readonly username: string;
	readonly password: string;
	readonly href: string;
}
