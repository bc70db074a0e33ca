import { describe, expect, test } from 'vitest';
import { minifyCss, minifyHtml, minifyTemplatesIn } from '../../widget/build/minify-templates.ts';

describe('html templates', () => {
	test.each([
		['layout becomes one space', '<ul>\n\t\t<li>a</li>\n\t\t<li>b</li>\n\t</ul>', '<ul> <li>a</li> <li>b</li> </ul>'],
		['a space between inline elements stays', '<b>a</b> <i>b</i>', '<b>a</b> <i>b</i>'],
		['a line break between inline elements stays a space', '<b>a</b>\n<i>b</i>', '<b>a</b> <i>b</i>'],
		['no space appears where none was', '<b>a</b><i>b</i>', '<b>a</b><i>b</i>'],
		[
			'attribute values stay',
			'<a title="two  spaces\n and a line" x=\'a  b\'>t</a>',
			'<a title="two  spaces\n and a line" x=\'a  b\'>t</a>',
		],
		['> in a value ends no tag', '<a title="a > b   c">  t</a>', '<a title="a > b   c"> t</a>'],
		['space between attributes shrinks', '<a\n\thref="x"\n\t?hidden="y"\n>t</a>', '<a href="x" ?hidden="y">t</a>'],
		['comments go', '<b>a</b> <!-- why --> <i>b</i>', '<b>a</b> <i>b</i>'],
		['pre stays', '<pre>\n a\n  b </pre>\n\n<p>', '<pre>\n a\n  b </pre> <p>'],
		['textarea stays', '<textarea>  a\n</textarea>', '<textarea>  a\n</textarea>'],
		['a lone < is text', 'a < b   c', 'a < b c'],
		['no-break space stays', 'a\u00a0\u00a0b', 'a\u00a0\u00a0b'],
		['an unquoted value ends at white space', '<input value=a/b   disabled>', '<input value=a/b disabled>'],
	])('%s', (_name, source, expected) => {
		expect(minifyHtml(source)).toBe(expected);
	});
});

describe('css templates', () => {
	test.each([
		[
			'rules close up',
			':host {\n\tdisplay: block;\n}\n\n.a {\n\tcolor: red;\n}\n',
			':host{display:block}.a{color:red}',
		],
		['calc keeps its spaces', '.a { width: calc(100% - (2px + 1em)); }', '.a{width:calc(100% - (2px + 1em))}'],
		['a descendant keeps its space', '.a :hover .b #c [d] {}', '.a :hover .b #c [d]{}'],
		['a child needs none', '.a > .b {}', '.a>.b{}'],
		['strings stay', '.a::before { content: "a ; }  /* no */ b"; }', '.a::before{content:"a ; }  /* no */ b"}'],
		['comments go', '/* why */ .a { /* why */ color: red; /* why */ }', '.a{color:red}'],
		['a comment is no space', '.a/* x */.b{}', '.a/**/.b{}'],
		[
			'media queries stay readable to a browser',
			'@media (width < 40em) and (hover: hover) { a { b: c } }',
			'@media (width < 40em) and (hover:hover){a{b:c}}',
		],
		[
			'addresses stay',
			'.a { background: url(data:image/svg+xml;a,/*b*/ c) ; }',
			'.a{background:url(data:image/svg+xml;a,/*b*/ c)}',
		],
		[
			'two values stay two',
			'.a { margin: 0 auto; font: 1em / 1.5 "A B" , serif }',
			'.a{margin:0 auto;font:1em / 1.5 "A B",serif}',
		],
		['nesting', '.a { & .b { c: d; } &:hover { e: f; } }', '.a{& .b{c:d}&:hover{e:f}}'],
	])('%s', (_name, source, expected) => {
		expect(minifyCss(source)).toBe(expected);
	});

	test('minifying twice changes nothing more', () => {
		const once = minifyCss('.a > .b , .c { d: e(f , g) ; }');
		expect(minifyCss(once)).toBe(once);
	});
});

describe('modules', () => {
	const tagged = (tag: string, text: string) => `const a = ${tag}\`${text}\`;`;

	test('values keep their places, in nested templates too', () => {
		const source = tagged('html', '<ul>\n  ${rows.map((r) => html`<li>\n  ${r} </li>`)}\n</ul>');
		expect(minifyTemplatesIn(source)).toBe(tagged('html', '<ul> ${rows.map((r) => html`<li> ${r} </li>`)} </ul>'));
	});

	test('css values keep their places', () => {
		const source = tagged('css', '${base}\n.a {\n  width: ${w};\n}\n');
		expect(minifyTemplatesIn(source)).toBe(tagged('css', '${base} .a{width:${w}}'));
	});

	test('a value in a comment keeps the comment', () => {
		const source = tagged('html', '<!-- ${a} --> <b>${c}</b>');
		expect(minifyTemplatesIn(source)).toBe(source);
	});

	test('other tags and plain templates stay', () => {
		const source = '`a   b`; sql`a   b`; x.html`a   b`;';
		expect(minifyTemplatesIn(source)).toBe(source);
	});

	test('a template with an escaped line break stays', () => {
		const source = tagged('html', 'a   \\n   b');
		expect(minifyTemplatesIn(source)).toBe(source);
	});

	test('an escape inside a css string does not stop it', () => {
		const source = tagged('css', ".a {\n\tcontent: '\\\\201C  x';\n}");
		expect(minifyTemplatesIn(source)).toBe(tagged('css', ".a{content:'\\\\201C  x'}"));
	});
});
