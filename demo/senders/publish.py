#!/usr/bin/env python3
"""Publishes one event to a live-feed relay, with Python 3.8 and its own library. In a program: from publish import publish.
In a terminal: python3 publish.py 'deploy 214 finished' deploy.done success '{"ms": 812}'
The environment says where to: LIVE_FEED_RELAY (http://localhost:1999), LIVE_FEED_CHANNEL (deploys), LIVE_FEED_TOKEN."""
import http.client, json, os, sys, time, urllib.request, uuid


class Every(urllib.request.HTTPErrorProcessor):  # whatever the status, it is an answer
    def http_response(self, request, response):
        return response
    https_response = http_response


def publish(text, type="message", level="info", data=None, seconds=15):
    """True once it is stored; otherwise False, after so many seconds at most, and stderr says why. Raises nothing."""
    relay, channel, token = (os.environ.get(f"LIVE_FEED_{name}", "").strip() for name in ("RELAY", "CHANNEL", "TOKEN"))
    # The key makes a repeat one event.
    headers = {"Content-Type": "application/json", "Idempotency-Key": uuid.uuid4().hex}
    headers.update({"Authorization": "Bearer " + "".join(token.split())} if token else {})
    end, pause, why = time.monotonic() + seconds, 0, "no time"
    try:
        draft = {"text": text, "type": type, "level": level, **({} if data is None else {"data": data})}
        body = json.dumps(draft, ensure_ascii=False).encode()
        url = f"{relay.rstrip('/') or 'http://localhost:1999'}/channels/{channel or 'deploys'}/events"
        request, opener = urllib.request.Request(url, body, headers), urllib.request.build_opener(Every)
        while (left := end - time.monotonic() - pause) > 0:
            time.sleep(pause)
            try:
                with opener.open(request, timeout=min(4, left)) as answer:
                    if answer.status == 201:
                        return True
                    why, after = f"{answer.status} {answer.read(600).decode(errors='replace')}", answer.headers["Retry-After"]
                    pause = int(after) if after and after.isdecimal() else 1
                    # Too early, too many, or the relay's own trouble: that passes.
                    if answer.status < 500 and answer.status not in (408, 425, 429):
                        break
            except (OSError, http.client.HTTPException) as error:
                why, pause = str(error) or repr(error), 1
    except (ValueError, TypeError) as error:  # what is no JSON, no UTF-8 or no address
        why = str(error)
    print("live-feed: not stored:", " ".join(why.split()), file=sys.stderr)
    return False


if __name__ == "__main__":
    text, type, level, data = (sys.argv[1:] + ["", "message", "info", "null"][len(sys.argv) - 1 :])[:4]
    try:
        sys.exit(0 if publish(text, type, level, json.loads(data)) else 1)
    except ValueError as error:
        sys.exit(f"live-feed: not stored: the data is no JSON: {error}")
