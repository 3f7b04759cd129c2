"""What an assistant knows: documents that staff gave it, in passages that it finds."""
