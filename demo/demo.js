// What the demo's pages share: this relay's own address in the code that is shown, a page's script as its source, Copy.
// Knows the pages around the panel; never knows the panel.

/** The text without the indentation that all of its lines have. */
function dedent(text) {
	const lines = text.replace(/^\n+|\s+$/g, '').split('\n');
	const margin = Math.min(...lines.filter((line) => line.trim() !== '').map((line) => line.search(/\S/)));
	return lines.map((line) => line.slice(margin)).join('\n');
}

for (const code of document.querySelectorAll('code[data-source]')) {
	// What is shown is what runs.
	code.textContent = dedent(document.querySelector(code.dataset.source)?.textContent ?? '');
}

for (const code of document.querySelectorAll('code')) {
	code.textContent = code.textContent.replaceAll('http://localhost:1999', location.origin);
}

for (const button of document.querySelectorAll('.code button')) {
	const code = button.closest('.code').querySelector('code');
	button.addEventListener('click', async () => {
		try {
			await navigator.clipboard.writeText(code.textContent);
			button.textContent = 'Copied';
			button.dispatchEvent(new CustomEvent('demo-copied', { bubbles: true }));
		} catch {
			// Not allowed here: what is selected can still be copied by hand.
			getSelection().selectAllChildren(code);
			button.textContent = 'Selected';
		}
		setTimeout(() => {
			button.textContent = 'Copy';
		}, 2000);
	});
}
