"""The page of the people who may log in: who they are, what they may do, and invitations."""
