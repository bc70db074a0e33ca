// The built site, where the engine hands out bytes and nothing else: which addresses are files, and of which type.
// Knows paths and media types; never knows channels, nor where files lie.

const TYPES: Record<string, string> = {
	css: 'text/css; charset=utf-8',
	gz: 'application/gzip',
	html: 'text/html; charset=utf-8',
	ico: 'image/x-icon',
	js: 'text/javascript; charset=utf-8',
	json: 'application/json; charset=utf-8',
	map: 'application/json; charset=utf-8',
	md: 'text/markdown; charset=utf-8',
	mjs: 'text/javascript; charset=utf-8',
	php: 'text/plain; charset=utf-8',
	png: 'image/png',
	py: 'text/plain; charset=utf-8',
	sh: 'text/plain; charset=utf-8',
	svg: 'image/svg+xml',
	txt: 'text/plain; charset=utf-8',
	webp: 'image/webp',
	woff2: 'font/woff2',
};
/** A path of plain names. It leads to no folder above the site, however it is decoded. */
const FILE = /^(\/[\w@-][\w@.-]*)*\/?$/;
/** The relay's own addresses. The drop-in script is among them, since it has headers of its own. */
const OWN = /^\/(channels|control|parties)(\/|$)|^\/(health|metrics|status|live-feed\.js)$/;

/** Answers with a file of the site where the address is one, and else with `answer`. */
export async function answerSite(
	request: Request,
	fetchFile: (path: string) => Promise<Response | null>,
	answer: () => Promise<Response>,
): Promise<Response> {
	const isRead = request.method === 'GET' || request.method === 'HEAD';
	const path = readPath(request.url);
	if (!isRead || path === undefined || OWN.test(path) || !FILE.test(path)) return answer();
	const name = path.endsWith('/') ? `${path}index.html` : path;
	const type = TYPES[name.slice(name.lastIndexOf('.') + 1).toLowerCase()];
	if (type === undefined) return answer();
	const file = await fetchFile(name);
	if (!file?.ok) return answer();
	const headers = {
		'access-control-allow-origin': '*',
		'cache-control': 'no-cache',
		'content-type': type,
		'x-content-type-options': 'nosniff',
	};
	return new Response(request.method === 'HEAD' ? null : file.body, { headers });
}

/** Undefined where the `Host` of the request makes no address. */
function readPath(url: string): string | undefined {
	try {
		return new URL(url).pathname;
	} catch {
		return undefined;
	}
}
