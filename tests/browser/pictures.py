"""Pictures of pages that documents show; each is there in both languages."""

# Made by test_documents.py: the name of the picture, and its page. {call}, {agent} and {number}
# are of the demo.
PAGES = {
    "home": "/admin/",
    "calls": "/admin/telephony/call/",
    "call": "/calls/{call}/",
    "number": "/admin/telephony/phonenumber/",
    "connect": "/connect/",
    "assistant": "/admin/agentworker/agent/{agent}/change/",
    "route": "/numbers/test/?number={number}",
    "health": "/line-health/",
    "diagnosis": "/diagnosis/",
    "people": "/people/",
    "keys": "/api-keys/new/",
}
# Made by test_live_board.py, and by test_documents.py before anything is saved.
BESIDE = ("live", "first")
