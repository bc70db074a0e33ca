// A line through points: how much more of something there is for each step of something else.
// Knows least squares; never knows what was measured.

export interface Trend {
	slope: number;
	/** Of the slope, its standard error, where the points lie around the line by chance alone. */
	error: number;
}

export function fitTrend(points: readonly (readonly [x: number, y: number])[]): Trend {
	const mean = (at: 0 | 1) => points.reduce((sum, point) => sum + point[at], 0) / points.length;
	const [x, y] = [mean(0), mean(1)];
	const spread = points.reduce((sum, point) => sum + (point[0] - x) ** 2, 0);
	if (spread === 0) return { slope: 0, error: Number.POSITIVE_INFINITY };
	const slope = points.reduce((sum, point) => sum + (point[0] - x) * (point[1] - y), 0) / spread;
	const rest = points.reduce((sum, point) => sum + (point[1] - y - slope * (point[0] - x)) ** 2, 0);
	return {
		slope,
		error: points.length > 2 ? Math.sqrt(rest / (points.length - 2) / spread) : Number.POSITIVE_INFINITY,
	};
}
