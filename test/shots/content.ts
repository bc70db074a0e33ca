// What is said in the pictures: a small team's deploys in three languages, and a server's requests.
// Knows drafts and how old they are; never knows panels, or where they are published.
import type { ChangeDraft, Draft, Json, Level } from '../../relay/protocol/event.ts';

export type Language = 'en' | 'ar' | 'ja';

/** One feed's words. */
export interface Content {
	heading: string;
	/** More than twenty events of a week, oldest first, up to `now`; pictures are of `origin`. */
	tell(now: number, origin: string): Draft[];
	/** So many that come now; one in a hundred fails. */
	arrive(count: number): Draft[];
	/** One of many that are alike. */
	alike: Draft;
	/** The text is that of an event with data, among the newest of `tell`. */
	withData: string;
	/** What a reader hands in himself. */
	own: readonly [string, string, string];
}

type Who = NonNullable<Draft['actor']>;
type Telling = readonly [
	minutesAgo: number,
	type: string,
	who: string,
	text: string,
	more?: { level?: Level; url?: string; data?: Json },
];

const HOUR = 60;
const DAY = 24 * HOUR;

/** Who has an id here is taken for proven; the line to the relay says so (line.ts). */
function people(origin: string): Record<string, Who> {
	return {
		ada: { id: 'ada', name: 'Ada Lovelace', image: `${origin}/face.svg` },
		grace: { id: 'grace', name: 'Grace Hopper', image: `${origin}/no-such-picture.jpg` },
		li: { id: 'li', name: 'Li', color: '#2a9d4a' },
		max: { id: 'max', name: 'Maximiliana Wolfeschlegelsteinhausen-Bergerdorff' },
		tim: { name: 'Tim B.' },
		guest: { name: 'visitor from the status page' },
		build: { id: 'build-bot', name: 'build-bot', kind: 'bot' },
		ci: { id: 'ci-runner', name: 'ci-runner', kind: 'bot' },
		pager: { id: 'pager', name: 'Pager 📟', kind: 'bot' },
		leila: { id: 'leila', name: 'ليلى حداد', image: `${origin}/face.svg` },
		omar: { id: 'omar', name: 'عمر' },
		salma: { name: 'سلمى بنت عبد الرحمن الأندلسية' },
		sato: { id: 'sato', name: '佐藤 美咲', image: `${origin}/face.svg` },
		tanaka: { id: 'tanaka', name: '田中' },
		guest_ja: { name: '運用チーム（外部）' },
	};
}

function toDrafts(told: readonly Telling[], now: number, origin: string): Draft[] {
	const known = people(origin);
	return told.map(([minutesAgo, type, who, text, more]) => ({
		type,
		text,
		...(known[who] ? { actor: known[who] } : {}),
		...more,
		at: now - minutesAgo * 60_000,
	}));
}

const LONG_SENTENCE =
	'wrote the report on Tuesday’s outage: the certificate of the internal registry expired at 03:12, new containers could not be pulled, the autoscaler replaced healthy ones with ones that never started, and by the time the alert about the queue arrived, two of three regions were serving from a single machine each; from now on a check looks at every certificate once a day, and the autoscaler waits for a pull to succeed';
const STACK = `Deploy 211 stopped while migrating:
error: column "archived_at" of relation "orders" already exists
    at Parser.parseErrorMessage (node_modules/pg-protocol/src/parser.ts:369)
    at Parser.handlePacket (node_modules/pg-protocol/src/parser.ts:188)
    at Parser.parse (node_modules/pg-protocol/src/parser.ts:103)
    at Socket.<anonymous> (node_modules/pg-protocol/src/index.ts:7)
    at Socket.emit (node:events:518)
    at addChunk (node:internal/streams/readable:561)
The migration was rolled back. Nothing was lost.`;
const LOST_REQUEST = {
	region: 'eu-west',
	attempt: 3,
	timeoutMs: 30_000,
	hosts: ['web-1', 'web-2', 'web-3'],
	lastAnswer: null,
	check: { path: '/health', expected: 200, got: 503 },
};

const ENGLISH: readonly Telling[] = [
	[7 * DAY + 40, 'team.join', 'tim', 'joined the team 🎉'],
	[7 * DAY, 'deploy.finished', 'build', 'Deploy 204 finished in 51 s', { level: 'success' }],
	[6 * DAY, 'git.merge', 'li', 'merged #398 Say which channel a refusal is about'],
	[DAY + 5 * HOUR, 'incident.report', 'max', LONG_SENTENCE, { url: 'https://wiki.example.org/incidents/2026-11-17' }],
	[DAY + 3 * HOUR, 'deploy.failed', 'build', STACK, { level: 'error', url: 'https://ci.example.org/runs/211' }],
	[DAY + 2 * HOUR, 'deploy.started', 'build', 'Deploy 212 started'],
	[DAY + 110, 'deploy.finished', 'build', 'Deploy 212 finished in 49 s', { level: 'success' }],
	[9 * HOUR, 'backup.done', '', 'Nightly backup: 48.2 GB in 14 min', { level: 'success' }],
	[6 * HOUR, 'cache.warm', 'ci', 'Cache of dependencies warmed for linux/arm64', { level: 'debug' }],
	[5 * HOUR, 'git.push', 'tim', 'pushed 3 commits to `fix/scroll-anchor`'],
	[4 * HOUR, 'review.asked', 'tim', 'asked @ada and @grace to look at #417'],
	[
		200,
		'message',
		'grace',
		'found the old dashboard again: https://grafana.example.org/d/9f3c2a7e51b84d20/live-feed-overview?orgId=1&from=now-6h&to=now&var-region=eu-west&var-service=relay&viewPanel=14&refresh=30s',
	],
	[180, 'deploy.finished', 'build', 'Deploy 213 finished in 48 s', { level: 'success' }],
	[150, 'message', 'li', '👍'],
	[120, 'user.login', 'guest', 'signed in from a new device'],
	[
		95,
		'query.slow',
		'pager',
		'Slow query: `SELECT * FROM orders WHERE status = ?` took 1,840 ms',
		{ level: 'warning' },
	],
	[70, 'message', 'max', 'One thing before the release:\n– rotate the signing keys\n– tell support\n– coffee ☕'],
	[48, 'customAlert', '', ''],
	[33, 'disk.space', 'pager', 'Disk of db-2 is 91 % full', { level: 'warning', data: { host: 'db-2', percent: 91 } }],
	[
		26,
		'git.merge',
		'ada',
		'merged #418 Keep positions across epochs into main',
		{ url: 'https://git.example.org/418' },
	],
	[21, 'test.passed', 'ci', 'All 1,204 tests passed in 3 min 12 s', { level: 'success' }],
	[14, 'deploy.started', 'build', 'Deploy 214 started for eu-west and us-east'],
	[
		9,
		'deploy.failed',
		'build',
		'Deploy 214 failed on eu-west: health check timed out after 30 s',
		{ level: 'error', url: 'https://ci.example.org/runs/214', data: LOST_REQUEST },
	],
	[6, 'message', 'grace', 'is looking at it'],
	[2, 'deploy.started', 'build', 'Deploy 215 started for eu-west'],
	[0.4, 'deploy.finished', 'build', 'Deploy 215 finished in 44 s', { level: 'success' }],
];

const ARABIC: readonly Telling[] = [
	[7 * DAY, 'deploy.finished', 'build', 'اكتمل النشر 204 خلال 51 ثانية', { level: 'success' }],
	[6 * DAY, 'team.join', 'salma', 'انضمت إلى الفريق 🎉'],
	[DAY + 5 * HOUR, 'git.merge', 'omar', 'دمج #398 ورسالة الرفض تذكر اسم القناة الآن'],
	[
		DAY + 4 * HOUR,
		'incident.report',
		'leila',
		'كتبت تقرير عطل يوم الثلاثاء: انتهت صلاحية شهادة السجل الداخلي عند الساعة 03:12 فلم تعد الحاويات الجديدة قادرة على السحب، ثم استبدل الموسّع الآلي حاويات سليمة بأخرى لم تبدأ قط، وعندما وصل التنبيه كانت منطقتان من ثلاث تعملان على جهاز واحد لكل منهما',
		{ url: 'https://wiki.example.org/incidents/17' },
	],
	[DAY + 3 * HOUR, 'deploy.failed', 'build', 'فشل النشر 211 أثناء ترحيل الجدول `orders`', { level: 'error' }],
	[DAY + 2 * HOUR, 'deploy.started', 'build', 'بدأ النشر 212'],
	[9 * HOUR, 'backup.done', '', 'نسخة احتياطية ليلية: 48.2 غيغابايت في 14 دقيقة', { level: 'success' }],
	[6 * HOUR, 'cache.warm', 'ci', 'تم تجهيز الذاكرة المؤقتة لـ linux/arm64', { level: 'debug' }],
	[5 * HOUR, 'git.push', 'omar', 'دفع 3 إيداعات إلى `fix/scroll-anchor`'],
	[4 * HOUR, 'review.asked', 'salma', 'طلبت من @leila مراجعة #417'],
	[200, 'message', 'omar', 'لوحة المراقبة القديمة: https://grafana.example.org/d/9f3c2a7e51b84d20/live-feed'],
	[180, 'deploy.finished', 'build', 'اكتمل النشر 213 خلال 48 ثانية', { level: 'success' }],
	[150, 'message', 'leila', '👍'],
	[120, 'user.login', 'grace', 'signed in from a new device'],
	[95, 'query.slow', 'pager', 'استعلام بطيء: `SELECT * FROM orders` استغرق 1,840 مللي ثانية', { level: 'warning' }],
	[70, 'message', 'leila', 'قبل الإصدار:\n– تبديل مفاتيح التوقيع\n– إبلاغ الدعم\n– قهوة ☕'],
	[48, 'customAlert', '', ''],
	[33, 'disk.space', 'pager', 'قرص db-2 ممتلئ بنسبة 91٪', { level: 'warning' }],
	[26, 'git.merge', 'leila', 'دمجت #418 الاحتفاظ بالمواضع إلى main', { url: 'https://git.example.org/418' }],
	[21, 'test.passed', 'ci', 'نجحت كل الاختبارات وعددها 1,204', { level: 'success' }],
	[14, 'deploy.started', 'build', 'بدأ النشر 214 في eu-west و us-east'],
	[
		9,
		'deploy.failed',
		'build',
		'فشل النشر 214 في eu-west: انتهت مهلة فحص السلامة بعد 30 ثانية',
		{ level: 'error', url: 'https://ci.example.org/runs/214', data: LOST_REQUEST },
	],
	[6, 'message', 'omar', 'أنظر في الأمر'],
	[0.4, 'deploy.finished', 'build', 'اكتمل النشر 215 خلال 44 ثانية', { level: 'success' }],
];

const JAPANESE: readonly Telling[] = [
	[7 * DAY, 'deploy.finished', 'build', 'デプロイ204が51秒で完了しました', { level: 'success' }],
	[6 * DAY, 'team.join', 'guest_ja', 'がチームに参加しました🎉'],
	[DAY + 5 * HOUR, 'git.merge', 'tanaka', '#398「拒否された理由にチャンネル名を含める」をmainにマージしました'],
	[
		DAY + 4 * HOUR,
		'incident.report',
		'sato',
		'火曜日の障害報告をまとめました。社内レジストリの証明書が午前3時12分に失効し、新しいコンテナを取得できなくなりました。オートスケーラーは正常なコンテナを起動しないものに置き換え続け、キューの警告が届いた時点では三つのリージョンのうち二つがそれぞれ一台だけで動いていました。今後はすべての証明書を毎日確認し、取得に成功するまで置き換えを待つようにします。',
		{ url: 'https://wiki.example.org/incidents/17' },
	],
	[DAY + 3 * HOUR, 'deploy.failed', 'build', 'デプロイ211は`orders`の移行中に失敗しました', { level: 'error' }],
	[DAY + 2 * HOUR, 'deploy.started', 'build', 'デプロイ212を開始しました'],
	[9 * HOUR, 'backup.done', '', '夜間バックアップ：48.2 GB、14分', { level: 'success' }],
	[6 * HOUR, 'cache.warm', 'ci', 'linux/arm64の依存キャッシュを準備しました', { level: 'debug' }],
	[5 * HOUR, 'git.push', 'tanaka', '`fix/scroll-anchor`に3件のコミットをプッシュしました'],
	[4 * HOUR, 'review.asked', 'tanaka', '@satoに#417のレビューを依頼しました'],
	[200, 'message', 'sato', '以前のダッシュボード：https://grafana.example.org/d/9f3c2a7e51b84d20/live-feed'],
	[180, 'deploy.finished', 'build', 'デプロイ213が48秒で完了しました', { level: 'success' }],
	[150, 'message', 'tanaka', '👍'],
	[120, 'user.login', 'guest_ja', 'が新しい端末からログインしました'],
	[95, 'query.slow', 'pager', '遅いクエリ：`SELECT * FROM orders` に1,840ミリ秒', { level: 'warning' }],
	[70, 'message', 'sato', 'リリース前に：\n・署名鍵の更新\n・サポートへの連絡\n・コーヒー☕'],
	[48, 'customAlert', '', ''],
	[33, 'disk.space', 'pager', 'db-2のディスク使用率が91％です', { level: 'warning' }],
	[
		26,
		'git.merge',
		'sato',
		'#418「エポックをまたいで位置を保つ」をmainにマージしました',
		{ url: 'https://git.example.org/418' },
	],
	[21, 'test.passed', 'ci', '1,204件のテストがすべて成功しました', { level: 'success' }],
	[14, 'deploy.started', 'build', 'eu-westとus-eastへのデプロイ214を開始しました'],
	[
		9,
		'deploy.failed',
		'build',
		'デプロイ214がeu-westで失敗：ヘルスチェックが30秒でタイムアウト',
		{ level: 'error', url: 'https://ci.example.org/runs/214', data: LOST_REQUEST },
	],
	[6, 'message', 'tanaka', '確認しています'],
	[0.4, 'deploy.finished', 'build', 'デプロイ215が44秒で完了しました', { level: 'success' }],
];

function createFeed(
	heading: string,
	told: readonly Telling[],
	passed: string,
	finished: (n: number) => string,
	failed: (n: number) => string,
	own: Content['own'],
): Content {
	const bot = (id: string): Who => ({ id, name: id, kind: 'bot' });
	return {
		heading,
		tell: (now, origin) => toDrafts(told, now, origin),
		arrive: (count) =>
			Array.from({ length: count }, (_, i): Draft => {
				const isBad = i % 100 === 90;
				return {
					type: isBad ? 'deploy.failed' : 'deploy.finished',
					text: isBad ? failed(216 + i) : finished(216 + i),
					level: isBad ? 'error' : 'success',
					actor: bot('build-bot'),
				};
			}),
		alike: { type: 'test.passed', text: passed, level: 'info', actor: bot('ci-runner') },
		withData: told.find(([, , , , more]) => more?.data === LOST_REQUEST)?.[3] ?? '',
		own,
	};
}

const DEPLOYS: Record<Language, Content> = {
	en: createFeed(
		'Deploys',
		ENGLISH,
		'test suite passed',
		(n) => `Deploy ${n} finished in ${40 + (n % 17)} s`,
		(n) => `Deploy ${n} failed on us-east: out of memory`,
		['Rolled the gateway back to 3.1', 'Support knows, the banner is up', 'The keys are rotated'],
	),
	ar: createFeed(
		'عمليات النشر',
		ARABIC,
		'نجحت مجموعة الاختبارات',
		(n) => `اكتمل النشر ${n} خلال ${40 + (n % 17)} ثانية`,
		(n) => `فشل النشر ${n} في us-east: نفدت الذاكرة`,
		['أعدت البوابة إلى الإصدار 3.1', 'فريق الدعم على علم', 'تم تبديل المفاتيح'],
	),
	ja: createFeed(
		'デプロイ',
		JAPANESE,
		'テストスイートが成功しました',
		(n) => `デプロイ${n}が${40 + (n % 17)}秒で完了しました`,
		(n) => `デプロイ${n}がus-eastで失敗：メモリ不足`,
		['ゲートウェイを3.1に戻しました', 'サポートに連絡しました', '鍵を更新しました'],
	),
};

/** A team's deploys. */
export function deploys(language: Language): Content {
	return DEPLOYS[language];
}

const REQUESTS: readonly (readonly [type: string, who: string, text: string, level?: Level])[] = [
	['page.view', 'User 123', 'has entered page /orders/0'],
	['query', '', 'SELECT … FROM sessions 3 ms · 1 row', 'debug'],
	[
		'query.slow',
		'',
		'SELECT * FROM orders LEFT JOIN customers USING (customer_id) WHERE status = ? 1,840 ms',
		'warning',
	],
	['user.login', 'User 123', 'has logged in into the system'],
	['job.failed', 'mailer', 'SMTP refused: 451 try again later', 'error'],
	['mail.sent', 'mailer', 'Receipt 4711 to one customer', 'success'],
	['page.view', '', 'GET /catalogue/search?q=waterproof%20walking%20boots&page=3 200 in 41 ms'],
	['webhook.delivered', 'payments', 'invoice.paid → https://hooks.example.org/t/9f3c2a7e51b84d20 in 312 ms'],
];

/** Entries of a team's changelog of ten days, oldest first. */
const CHANGELOG: readonly (readonly [hoursAgo: number, type: string, who: string, text: string])[] = [
	[240, 'change.infrastructure', 'tim', 'Backups are read back once a week, not only written'],
	[200, 'change.fix', 'li', 'The export no longer cuts names after 40 characters'],
	[160, 'change.feature', 'grace', 'Orders can be split by address'],
	[
		100,
		'change.fix',
		'max',
		'Logins survive a restart of the session store, also where two restarts follow each other within a minute, as they do at every deploy on a Friday',
	],
	[52, 'change.infrastructure', 'ada', 'All machines of eu-west have the new kernel'],
	[27, 'change.feature', 'grace', 'Dark mode follows the system, and can be set for each device'],
	[9, 'change.fix', 'ada', 'The timeout of the gateway is 30 s everywhere'],
	[5, 'change.fix', 'tim', 'Search finds words with umlauts again'],
	[0.6, 'change.infrastructure', 'li', 'A second relay stands by in us-east'],
];

/** The changelog as it begins, oldest first; what is older has no status. */
export function changelog(now: number, origin: string): Draft[] {
	const told = CHANGELOG.map(([hours, type, who, text]): Telling => [hours * HOUR, type, who, text]);
	const entries = toDrafts(told, now, origin).map((draft) => ({ ...draft, status: 'open' as const }));
	const before = Array.from({ length: 12 }, (_, i): Telling => {
		return [(400 - i * 10) * HOUR, 'change.infrastructure', 'ci', `Renewed the certificate of web-${i + 1}`];
	});
	return [...toDrafts(before, now, origin), ...entries];
}

/** What became of it, by the beginnings of its texts. */
export function changes(find: (text: string) => string, origin: string): (Draft | ChangeDraft)[] {
	const { ada, grace, tim, li, max } = people(origin);
	const by = (actor: Who | undefined) => (actor ? { actor } : {});
	const to = (text: string, who: Who | undefined, reply: string): Draft => ({
		...{ type: 'comment', text: reply, replyTo: find(text), ...by(who) },
	});
	return [
		{ target: find('Backups'), status: 'resolved', ...by(ada) },
		{ target: find('The export'), status: 'resolved', ...by(li) },
		{ target: find('Orders can'), status: 'cancelled', ...by(grace) },
		{ target: find('Logins'), status: 'resolved', ...by(tim) },
		{ target: find('All machines'), pinned: true, ...by(ada) },
		{ target: find('Dark mode'), status: 'resolved', ...by(max) },
		{ target: find('The timeout'), status: 'resolved', ...by(ada) },
		{ target: find('The timeout'), status: 'reopened', ...by(grace) },
		...['👍', '🎉'].map((reaction) => ({ target: find('Dark mode'), reaction, ...by(grace) })),
		{ target: find('Search'), reaction: '👀', ...by(li) },
		...Array.from({ length: 9 }, (_, i) => to('The timeout', i % 2 ? ada : tim, `Seen on web-${i + 1} as well`)),
		to(
			'The timeout',
			ada,
			'It is the old proxy in front of us-east: it has a timeout of its own, of 10 s, and nobody has looked at it since spring.',
		),
		to('The timeout', tim, '@Grace could you look at `proxy.conf`? I have no right to.'),
		to('The timeout', grace, 'Is set, and rolls out now ✨'),
		to('Dark mode', li, 'Looks good on the tablet too'),
		{ target: find('The export'), removed: true, ...by(grace) },
	];
}

/** A server's log: forty lines of its last ten minutes, oldest first. */
export function requests(now: number): Draft[] {
	return Array.from({ length: 40 }, (_, i): Draft => {
		const [type, name, text, level] = REQUESTS[i % REQUESTS.length] ?? ['request', '', ''];
		return {
			type,
			text,
			...(level ? { level } : {}),
			...(name ? { actor: { id: name, name, kind: /^User/.test(name) ? 'person' : 'bot' } } : {}),
			at: now - (40 - i) * 14_700,
		};
	});
}
