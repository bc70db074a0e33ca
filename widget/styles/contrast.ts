// The colours again for those who asked their system for more contrast.
// Knows values; never knows what is drawn with them.
import { css } from 'lit';

export const contrast = css`
	@media (prefers-contrast: more) {
		:host {
			--_text-2: var(--live-feed-text-2, light-dark(#3b4049, #c9ced8));
			--_text-3: var(--_text-2);
			--_control: var(--live-feed-control, light-dark(#5f6671, #8d95a3));
			--_accent: var(--live-feed-accent, light-dark(#173fa6, #a9c4ff));
			--_ok: var(--live-feed-ok, light-dark(#0b5530, #62cf94));
			--_warn: var(--live-feed-warn, light-dark(#693d00, #e8b04b));
			--_error: var(--live-feed-error, light-dark(#8e1912, #ffa79f));
		}
		.row-pending .text {
			opacity: 1;
		}
	}
`;
