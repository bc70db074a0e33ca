// The colours and type that a page may set, all as --live-feed-*.
// Knows values for light, dark and more contrast; never knows what is drawn with them.
import { css } from 'lit';

// Each is read through a name of our own, so that a page may set it on any ancestor, and has its default only here.
export const tokens = css`
	:host {
		--_surface: var(--live-feed-surface, light-dark(#ffffff, #121418));
		--_sunken: var(--live-feed-sunken, light-dark(#f5f6f8, #191c21));
		--_selected: var(--live-feed-selected, light-dark(#eef3fe, #1a2438));
		--_line: var(--live-feed-line, light-dark(#e4e6ea, #2a2e36));
		--_control: var(--live-feed-control, light-dark(#868d98, #6f7785));
		--_text: var(--live-feed-text, light-dark(#16181d, #eceef2));
		--_text-2: var(--live-feed-text-2, light-dark(#4a505a, #b6bcc7));
		--_text-3: var(--live-feed-text-3, light-dark(#626975, #969daa));
		--_accent: var(--live-feed-accent, light-dark(#2456d6, #8fb2ff));
		--_on-accent: var(--live-feed-on-accent, light-dark(#ffffff, #0d1524));
		--_accent-tint: var(--live-feed-accent-tint, light-dark(#eaf0fe, #1b2740));
		--_ok: var(--live-feed-ok, light-dark(#15703f, #62cf94));
		--_warn: var(--live-feed-warn, light-dark(#8a5100, #e8b04b));
		--_error: var(--live-feed-error, light-dark(#b3261e, #ff8f85));
		--_error-tint: var(--live-feed-error-tint, light-dark(#fdecea, #331a19));
		--_font: var(--live-feed-font, system-ui, sans-serif);
		--_mono: var(--live-feed-mono, ui-monospace, Menlo, Consolas, monospace);
		--_size: var(--live-feed-font-size, clamp(13px, 0.875rem, 28px));
	}
`;
