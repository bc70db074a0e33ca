#!/bin/sh
# Publishes to a live-feed relay, with curl 7.71 or later: one event, or each line that comes in.
#
#   ./publish.sh 'deploy 214 finished' deploy.done success '{"ms": 812}'
#   tail -F /var/log/syslog | ./publish.sh
#
# The environment says where to: LIVE_FEED_RELAY (http://localhost:1999), LIVE_FEED_CHANNEL (deploys), LIVE_FEED_TOKEN.
# A relay that is away costs 15 seconds at most, for each line. Ends with 0 if all is stored; what is not is told on stderr.

run=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
: "${run:?no random bytes: /dev/urandom cannot be read}"
count=0
lost=0

publish() { # text [type] [level] [data as JSON]
	count=$((count + 1))
	# The token comes from standard input: arguments are everybody's to see. The key makes a repeat one event.
	answer=$(
		{ [ -z "${LIVE_FEED_TOKEN:-}" ] || printf 'Authorization: Bearer %s\n' "$LIVE_FEED_TOKEN"; } |
			curl -sS -H @- -H "Idempotency-Key: $run-$count" --connect-timeout 2 --max-time 4 \
				--retry 3 --retry-delay 1 --retry-max-time 10 --retry-all-errors --write-out ' [%{http_code}]' \
				--data-urlencode "text=$1" --data-urlencode "type=${2:-}" --data-urlencode "level=${3:-}" --data-urlencode "data=${4:-}" \
				"${LIVE_FEED_RELAY:-http://localhost:1999}/channels/${LIVE_FEED_CHANNEL:-deploys}/events" 2>&1
	)
	case $answer in
	*'[201]') return 0 ;;
	esac
	lost=1
	printf 'live-feed: not stored: %s\n' "$(printf '%s' "$answer" | tr -s '[:space:][:cntrl:]' ' ' | tail -c 600)" >&2
}

if [ $# -gt 0 ]; then
	publish "$@"
else
	while IFS= read -r line || [ -n "$line" ]; do
		[ -z "$line" ] || publish "$line"
	done
fi
exit $lost
