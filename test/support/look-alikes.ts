// Origins and hosts that look like those that a relay serves, and are none of them.
// Knows how names and addresses can be written; never knows who compares them.

/** None is a loopback origin as a browser writes it, nor `https://www.example.org`. */
export const ORIGINS: readonly string[] = [
	// No origin, or none of a page
	...[
		'',
		'null',
		'NULL',
		'undefined',
		'*',
		'file://',
		'file:///srv/page.html',
		'data:',
		'data:text/html,x',
		'about:blank',
	],
	...['blob:http://localhost', 'javascript:alert(1)', 'view-source:http://localhost', 'chrome-extension://localhost'],
	...['ftp://localhost', 'ws://localhost', 'wss://localhost', 'app://localhost', 'filesystem:http://localhost'],
	...[
		'localhost',
		'localhost:1999',
		'127.0.0.1',
		'//localhost',
		'http:localhost',
		'http:/localhost',
		'http:///localhost',
	],
	// Before and behind
	...['http://localhost.evil.test', 'https://localhost.evil.test', 'http://localhost.evil.test:1999'],
	...['http://a.localhost.evil.test', 'http://evil-localhost', 'http://evillocalhost', 'http://localhostevil'],
	...[
		'http://localhost-evil.test',
		'http://localhost.',
		'http://localhost.:1999',
		'http://localhost..',
		'http://.localhost',
	],
	...['http://localhost/', 'http://localhost/page', 'http://localhost?', 'http://localhost#', 'http://localhost:'],
	...['http://evil.test/localhost', 'http://evil.test?http://localhost', 'http://evil.test#localhost'],
	// Names before an `@`, and ports
	...['http://localhost@evil.test', 'http://evil.test@localhost', 'http://user:pass@localhost', 'http://@localhost'],
	...['http://localhost:80', 'https://localhost:443', 'http://localhost:99999', 'http://localhost:1999.evil.test'],
	...['http://localhost:1999@evil.test', 'http://localhost:0x50', 'http://localhost:1999:1999'],
	// Addresses in other words, and others
	...[
		'http://127.1',
		'http://127.0.1',
		'http://2130706433',
		'http://0x7f000001',
		'http://0x7f.0.0.1',
		'http://0177.0.0.1',
	],
	...['http://017700000001', 'http://127.0.0.01', 'http://127.000.000.001', 'http://127.0.0.1.', 'http://127.0.0.256'],
	...['http://0', 'http://0.0.0.0', 'http://128.0.0.1', 'http://192.168.0.1', 'http://169.254.169.254'],
	...['http://127.0.0.1.evil.test', 'http://127.0.0.1.nip.test', 'http://127-0-0-1.evil.test', 'http://127.evil.test'],
	...[
		'http://[::]',
		'http://[0:0:0:0:0:0:0:1]',
		'http://[::0001]',
		'http://[::ffff:127.0.0.1]',
		'http://[::ffff:7f00:1]',
	],
	...[
		'http://[::1%25lo]',
		'http://[::1].evil.test',
		'http://[::1',
		'http://::1',
		'http://[fe80::1]',
		'http://[::127.0.0.1]',
	],
	// Case, other letters, and what ends or parts a name
	...[
		'HTTP://localhost',
		'http://LOCALHOST',
		'http://LocalHost:1999',
		'http://xn--lcalhost-54d',
		'http://xn--localhost-',
	],
	...[
		'http://l\u043ecalhost',
		'http://localho\u017ft',
		'http://\u24dbocalhost',
		'http://localhost\u3002',
		'http://\uff4cocalhost',
	],
	...[
		'http://localhost\u200b',
		'http://127\u30020\u30020\u30021',
		'http://\uff11\uff12\uff17.0.0.1',
		'http://\u2460\u2461\u2466.0.0.1',
	],
	...[
		'http://localhost%00.evil.test',
		'http://localhost%2eevil.test',
		'http://%6cocalhost',
		'http://localhost\\.evil.test',
	],
	...['http://loca lhost', 'http://local\thost', 'http://localhost;evil.test', 'http://localhost\thttp://evil.test'],
	// Several in one
	...['http://localhost http://evil.test', 'http://evil.test http://localhost', 'http://localhost,http://evil.test'],
	...['http://localhost, http://localhost', 'http://evil.test, http://localhost', 'null, http://localhost'],
	// Like the one of the list
	...['http://www.example.org', 'https://example.org', 'https://www.example.org.', 'https://www.example.org.evil.test'],
	...['https://evil-www.example.org', 'https://sub.www.example.org', 'https://www.example.org:443'],
	...['https://www.example.org:8443', 'https://www.example.org/', 'https://WWW.example.org', 'https://wwwxexample.org'],
	...['https://www.example.orgevil.test', 'https://www.example.org@evil.test', 'https://evil.test@www.example.org'],
	...[
		'https://www.ex\u0430mple.org',
		'https://www.xn--exmple-4nf.org',
		'https://www.example.com',
		'https://www.example.or',
	],
	...[
		'https://www.example.org, https://evil.test',
		'https://www.example.org%2eevil.test',
		'https://www.example.org\u200b',
	],
];

/** None is a name of this machine itself, or an address in its one form; `PORT` is the relay's. */
export const HOSTS: readonly string[] = [
	...['evil.test', 'evil.test:PORT', 'evil.test:80', 'www.example.org', 'relay', 'router.lan', 'relay.internal:PORT'],
	...['localhost.evil.test', 'localhost.evil.test:PORT', 'a.localhost.evil.test', 'evil-localhost', 'evillocalhost'],
	...['localhostevil', 'localhost.', 'localhost.:PORT', 'localhost..', '.localhost', 'localhost-evil.test:PORT'],
	...['127.0.0.1.evil.test', '127.0.0.1.nip.test:PORT', '127-0-0-1.evil.test', '127.0.0.1.', '127.1', '127.0.1:PORT'],
	...['2130706433', '0x7f000001', '0x7f.0.0.1', '0177.0.0.1:PORT', '017700000001', '127.0.0.01', '127.0.0.256', '0'],
	...['[::1].evil.test', '::1', '[0:0:0:0:0:0:0:1]', '[::0001]:PORT', '[::ffff:127.0.0.1]', '[::1'],
	...['localhost@evil.test', 'evil.test@localhost', 'localhost:PORT:PORT', 'localhost:evil', 'localhost:999999'],
	...['localhost, evil.test', 'localhost evil.test', 'localhost/evil.test', 'localhost%00', 'localhost;', '*', ''],
	...['xn--lcalhost-54d', 'l\u043ecalhost', 'localho\u017ft', '\uff11\uff12\uff17.0.0.1', 'localhost\u3002:PORT'],
];
