// Every string of the panel in Arabic; words.ts says what each is for.
// Knows sentences and their six plurals; never knows when they are shown. Which way they run is the page's to say.
import type { Words } from '../words.ts';

/** For each plural category that integers have; `#` is the number, where it is written at all. */
type Forms = Record<Intl.LDMLPluralRule, string>;

const EVENTS: Forms = {
	zero: 'لا أحداث',
	one: 'حدث واحد',
	two: 'حدثان',
	few: '# أحداث',
	many: '# حدثًا',
	other: '# حدث',
};
const NEW_EVENTS: Forms = {
	zero: 'لا جديد',
	one: 'حدث جديد',
	two: 'حدثان جديدان',
	few: '# أحداث جديدة',
	many: '# حدثًا جديدًا',
	other: '# حدث جديد',
};
const WAITING: Forms = {
	zero: 'لا شيء في الانتظار',
	one: 'حدث واحد في الانتظار',
	two: 'حدثان في الانتظار',
	few: '# أحداث في الانتظار',
	many: '# حدثًا في الانتظار',
	other: '# حدث في الانتظار',
};
const ERRORS: Forms = {
	zero: 'لا أخطاء',
	one: 'خطأ واحد',
	two: 'خطآن',
	few: '# أخطاء',
	many: '# خطأً',
	other: '# خطأ',
};
const FIELDS: Forms = {
	zero: 'لا حقول',
	one: 'حقل واحد',
	two: 'حقلان',
	few: '# حقول',
	many: '# حقلًا',
	other: '# حقل',
};
const MORE: Forms = {
	zero: 'ولا شيء غيرها',
	one: 'وواحد غيرها',
	two: 'واثنان غيرها',
	few: 'و# غيرها',
	many: 'و# غيرها',
	other: 'و# غيرها',
};

const REPLIES: Forms = {
	zero: 'لا ردود',
	one: 'رد واحد',
	two: 'ردّان',
	few: '# ردود',
	many: '# ردًا',
	other: '# رد',
};
const EARLIER: Forms = {
	zero: 'لا ردود أقدم',
	one: 'عرض رد أقدم',
	two: 'عرض ردّين أقدم',
	few: 'عرض # ردود أقدم',
	many: 'عرض # ردًا أقدم',
	other: 'عرض # رد أقدم',
};
const NEWER: Forms = {
	zero: 'لا ردود أحدث',
	one: 'عرض رد أحدث',
	two: 'عرض ردّين أحدث',
	few: 'عرض # ردود أحدث',
	many: 'عرض # ردًا أحدث',
	other: 'عرض # رد أحدث',
};
const PEOPLE: Forms = {
	zero: 'لا أحد',
	one: 'شخص واحد',
	two: 'شخصان',
	few: '# أشخاص',
	many: '# شخصًا',
	other: '# شخص',
};
const BYTES: Forms = {
	zero: 'لا بايتات',
	one: 'بايت واحد',
	two: 'بايتان',
	few: '# بايتات',
	many: '# بايتًا',
	other: '# بايت',
};
const OTHERS: Forms = {
	zero: 'لا أحد غيرهم',
	one: 'شخص آخر',
	two: 'شخصان آخران',
	few: '# آخرون',
	many: '# آخرون',
	other: '# آخرون',
};

/** What runs from left to right, such as a name of a channel, must not turn the words around it (U+2068, U+2069). */
const isolate = (text: string): string => `\u2068${text}\u2069`;

/** @param locale `ar`, or with a region, such as `ar-EG`: some write Arabic-Indic digits and some do not. */
export function arabic(locale: string): Words {
	const { format } = new Intl.NumberFormat(locale);
	const rules = new Intl.PluralRules(locale);
	const count = (n: number, forms: Forms) => forms[rules.select(n)].replace('#', format(n));
	const also = (n: number, forms: Forms) => (n ? `، ${count(n, forms)}` : '');
	return {
		live: 'مباشر',
		connecting: 'جارٍ الاتصال…',
		catchingUp: (toGo) => `جارٍ اللحاق، بقي ${format(toGo)}`,
		offline: (time) => (time ? `غير متصل · آخر تحديث ${time}` : 'غير متصل'),
		paused: (waiting) => (waiting ? `متوقف مؤقتًا · ${count(waiting, WAITING)}` : 'متوقف مؤقتًا'),
		notAllowed: 'غير مسموح',
		notSetUp: 'غير مهيّأ',
		pause: 'إيقاف مؤقت',
		resume: 'استئناف',
		retry: 'إعادة المحاولة',
		levels: { success: 'نجاح', warning: 'تحذير', error: 'خطأ' },
		unverified: 'غير موثّق',
		data: (fields) => `البيانات، ${count(fields, FIELDS)}`,
		showAll: 'عرض الكل',
		showLess: 'عرض أقل',
		gap: (from, to) =>
			from === to
				? `لم يعد الحدث ${format(from)} محفوظًا.`
				: `لم تعد الأحداث من ${format(from)} إلى ${format(to)} محفوظة.`,
		reset: 'فقد الخادم أحداثه وبدأ من جديد، وضاع ما كان قبل ذلك.',
		loadOlder: 'تحميل الأقدم',
		loading: 'جارٍ التحميل…',
		beginning: 'هنا تبدأ القناة.',
		trimmed: 'لم تعد الأحداث الأقدم محفوظة.',
		pulse: (events, busiest, most, errors) =>
			`${count(events, EVENTS)} في الساعة الأخيرة` +
			(events ? `، أكثرها عند ${busiest} بعدد ${format(most)}` : '') +
			also(errors, ERRORS),
		nothing: 'لا شيء هنا بعد',
		nothingYet: (channel) => `تظهر هنا الأحداث المنشورة في ${isolate(channel)} لحظة وقوعها.`,
		sending: 'جارٍ الإرسال…',
		waitingToBeSent: 'بانتظار الإرسال',
		notSent: 'لم يُرسَل',
		discard: 'تجاهل',
		moreWaiting: (drafts) => count(drafts, MORE),
		unreachable: 'تعذّر الوصول إلى الخادم',
		noAnswer: (relay) => `لا يستجيب \`${relay}\`.`,
		nextAttempt: (time) => `المحاولة التالية عند ${time}.`,
		refused: 'رفض الخادم الطلب',
		newEvents: (events, errors) =>
			(events > 999 ? `أكثر من ${count(999, NEW_EVENTS)}` : count(events, NEW_EVENTS)) +
			(errors ? ` · ${count(errors, ERRORS)}` : ''),
		newSince: (time) => (time ? `جديد منذ ${time}` : 'جديد'),
		announce: (events, errors) => count(events, NEW_EVENTS) + also(errors, ERRORS),
		times: (events) => `${format(events)}×`,
		copyLink: 'نسخ الرابط',
		copied: 'نُسخ الرابط',
		keysTitle: 'المفاتيح',
		keys: {
			next: 'الصف التالي',
			previous: 'الصف السابق',
			open: 'فتح الصف',
			first: 'الصف الأول',
			last: 'الصف الأخير',
			reply: 'رد',
			react: 'تفاعل',
			leave: 'إغلاق ما هو مفتوح في الصف',
			pause: 'إيقاف مؤقت أو استئناف',
			help: 'عرض هذه المفاتيح',
		},
		close: 'إغلاق',
		withKey: (label, key) => `${label} (${isolate(key)})`,
		here: (people) => `${count(people, PEOPLE)} هنا`,
		others: (people, named) => count(people, named ? OTHERS : PEOPLE),
		cameIn: (people) => `انضم ${people}`,
		wentOut: (people) => `غادر ${people}`,
		pulseMinute: (time, events, errors) => `${time} · ${count(events, EVENTS)}${also(errors, ERRORS)}`,
		statuses: { open: 'مفتوح', resolved: 'محلول', cancelled: 'ملغى', reopened: 'أُعيد فتحه' },
		become: { open: 'فتح', resolved: 'حل', cancelled: 'إلغاء', reopened: 'إعادة فتح' },
		by: (name, ago) => (name ? `بواسطة ${isolate(name)}، ${ago}` : ago),
		became: (status, name, ago) => {
			const what = { open: 'فُتح', resolved: 'حُل', cancelled: 'أُلغي', reopened: 'أُعيد فتحه' }[status];
			return name ? `${what} بواسطة ${isolate(name)} · ${ago}` : `${what} · ${ago}`;
		},
		pinned: 'مثبّت',
		edited: 'معدّل',
		earlierTexts: 'النصوص السابقة',
		noEarlierTexts: 'لم يعد أي نص سابق محفوظًا.',
		removed: (name, time) => (name ? `أزاله ${isolate(name)}، ${time}` : `أُزيل، ${time}`),
		reply: 'رد',
		react: 'تفاعل',
		more: 'المزيد',
		edit: 'تعديل',
		remove: 'إزالة',
		pin: 'تثبيت',
		unpin: 'إلغاء التثبيت',
		replies: (replies, ago) => `${count(replies, REPLIES)}${ago ? ` · ${ago}` : ''}`,
		thread: 'الردود',
		showEarlier: (replies) => count(replies, EARLIER),
		showNewer: (replies) => count(replies, NEWER),
		answers: 'إلى',
		reaction: (sign, people, mine) => `${isolate(sign)} ${count(people, PEOPLE)}${mine ? '، وأنت منهم' : ''}`,
		otherSign: 'علامة أخرى',
		add: 'إضافة',
		badSign: 'العلامة رمز تعبيري واحد أو بضعة أحرف بلا مسافات.',
		removeAsk: 'إزالته للجميع نهائيًا؟',
		keep: 'إبقاء',
		save: 'حفظ',
		leave: 'تراجع',
		refusals: {
			forbidden: 'لا يُسمح لك بذلك.',
			'wrong-status': 'تغيّرت حالته، ولا يمكن أن يصير كذلك الآن.',
			'changed-meanwhile': 'تغيّر في هذه الأثناء. انظر إليه مجددًا، ثم كرّر ما ما زلت تريده.',
			'removed-event': 'أُزيل في هذه الأثناء.',
			'unknown-event': 'لم يعد محفوظًا.',
			'too-many-reactions': 'لا مكان لتفاعل آخر.',
		},
		notDone: (message) => `لم يتم ذلك: ${isolate(message)}`,
		write: 'اكتب رسالة',
		writeReply: 'اكتب ردًا',
		send: 'إرسال',
		mayNotWrite: 'يمكنك القراءة هنا دون الكتابة.',
		yourName: 'اسمك',
		changeName: (name) => `تكتب باسم ${isolate(name)}. تغيير الاسم`,
		nameBlank: 'اذكر اسمك أولًا.',
		nameLong: (most) => `لا يزيد الاسم على ${format(most)} حرفًا.`,
		nameUnseen: 'لا يحتوي الاسم أحرفًا غير مرئية، ولا ما يقلب اتجاه الكتابة.',
		nameTaken: (name) => `هنا من اسمه ${isolate(name)}. يمكنك الكتابة به، ويظهر غير موثّق.`,
		nameHint: 'يظهر غير موثّق: يمكن لأي كان أن يتخذ أي اسم هنا.',
		left: (bytes) => `بقي متسع لـ ${count(bytes, BYTES)}`,
		tooLong: (bytes) => `أطول من المسموح بمقدار ${count(bytes, BYTES)}: اختصره أو أرسله مجزّأً.`,
	};
}
