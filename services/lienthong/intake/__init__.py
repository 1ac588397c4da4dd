"""intake (tiếp nhận): accepts documents, seals receipts, answers for what was sent."""
