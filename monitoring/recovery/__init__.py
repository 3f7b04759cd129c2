"""Steps that heal the line: each says before what it will do, and is recorded after."""
