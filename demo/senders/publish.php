<?php
// Publishes one event to a live-feed relay, with PHP 8 and no extension. In a program: require this file, and
// call live_feed_publish(). In a terminal: php publish.php 'deploy 214 finished' deploy.done success '{"ms": 812}'
// The environment says where to: LIVE_FEED_RELAY (http://localhost:1999), LIVE_FEED_CHANNEL (deploys), LIVE_FEED_TOKEN.

/** True once it is stored; otherwise false, after so many seconds at most, and the error log says why. */
function live_feed_publish(string $text, string $type = 'message', string $level = 'info', mixed $data = null, float $seconds = 15): bool
{
    $url = rtrim(getenv('LIVE_FEED_RELAY') ?: 'http://localhost:1999', '/') . '/channels/' . (getenv('LIVE_FEED_CHANNEL') ?: 'deploys') . '/events';
    // The key makes a repeat one event.
    $headers = "Content-Type: application/json\r\nConnection: close\r\nIdempotency-Key: " . bin2hex(random_bytes(16));
    if ($token = preg_replace('/\s+/', '', getenv('LIVE_FEED_TOKEN') ?: '')) $headers .= "\r\nAuthorization: Bearer $token";
    $body = json_encode(['text' => $text, 'type' => $type, 'level' => $level] + ($data === null ? [] : ['data' => $data]));
    $end = microtime(true) + $seconds;
    for ($left = $seconds, $pause = 0, $why = json_last_error_msg(); $body !== false && $left > $pause; $left = $end - microtime(true)) {
        usleep((int) ($pause * 1e6));
        $http = ['method' => 'POST', 'header' => $headers, 'content' => $body, 'ignore_errors' => true, 'follow_location' => 0, 'timeout' => min(4, $left - $pause)];
        $stream = @fopen($url, 'r', false, stream_context_create(['http' => $http]));
        $head = $stream ? implode("\n", stream_get_meta_data($stream)['wrapper_data']) : '';
        $status = (int) substr($head, 9, 3);
        if ($status === 201) return true;
        $why = $stream ? "$status " . stream_get_contents($stream, 600) : error_get_last()['message'] ?? 'no answer';
        // No answer, too early, too many, or the relay's own trouble: that passes.
        if ($stream && $status < 500 && !in_array($status, [408, 425, 429])) break;
        $pause = preg_match('/^retry-after: *(\d+)/mi', $head, $match) ? (int) $match[1] : 1;
    }
    error_log('live-feed: not stored: ' . preg_replace('/[[:space:][:cntrl:]]+/', ' ', trim($why)));
    return false;
}

if (PHP_SAPI === 'cli' && realpath($argv[0]) === __FILE__) {
    [, $text, $type, $level, $data] = $argv + ['', '', 'message', 'info', 'null'];
    $data = json_decode($data);
    $isJson = json_last_error() === JSON_ERROR_NONE;
    if (!$isJson) error_log('live-feed: not stored: the data is no JSON');
    exit($isJson && live_feed_publish($text, $type, $level, $data) ? 0 : 1);
}
