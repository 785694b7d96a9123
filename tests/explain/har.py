"""A capture as a HAR 1.2 file, as browsers export it: the same requests and replies, and neither the provider's name nor what the
client stored."""
import datetime
import urllib.parse


def har(capture):
    return {"log": {"version": "1.2", "creator": {"name": "tests", "version": "1"},
                    "entries": [entry(event) for event in capture["events"]]}}


def entry(event):
    request, reply = event["request"], event.get("response")
    return {"startedDateTime": datetime.datetime.fromtimestamp(event["at"], datetime.timezone.utc).isoformat(timespec="milliseconds"),
            "time": event.get("took", 0.0125) * 1000, "request": asked(request), "response": answered(reply) if reply else nothing(), "cache": {},
            "timings": {"send": 0, "wait": 12, "receive": 0.5}}


def pairs(headers):
    return [{"name": name, "value": value} for name, value in headers.items()]


def decoded(text):
    return [{"name": name, "value": value} for name, value in urllib.parse.parse_qsl(text, keep_blank_values=True)]


def asked(request):
    query = urllib.parse.urlsplit(request["url"]).query
    told = {"method": request["method"], "url": request["url"], "httpVersion": "HTTP/1.1", "cookies": [],
            "headers": pairs(request["headers"]), "queryString": decoded(query), "headersSize": -1,
            "bodySize": len(request.get("body", ""))}
    if request.get("body"):
        told["postData"] = {"mimeType": request["headers"].get("Content-Type", ""), "text": request["body"]}
    return told


def answered(reply):
    headers = reply["headers"]
    location = next((value for name, value in headers.items() if name.lower() == "location"), "")
    return {"status": reply["status"], "statusText": "", "httpVersion": "HTTP/1.1", "cookies": [], "headers": pairs(headers),
            "content": {"size": len(reply.get("body", "")), "mimeType": headers.get("Content-Type", ""), "text": reply.get("body", "")},
            "redirectURL": location, "headersSize": -1, "bodySize": len(reply.get("body", ""))}


def nothing():
    """What a browser writes for a request without a reply that it could read."""
    return {"status": 0, "statusText": "", "httpVersion": "", "cookies": [], "headers": [], "content": {"size": 0, "mimeType": "x-unknown"},
            "redirectURL": "", "headersSize": -1, "bodySize": -1, "_error": "net::ERR_FAILED"}
