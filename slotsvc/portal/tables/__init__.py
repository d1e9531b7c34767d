"""The portal's own tables: who may come in, what is shown, what has to be sent."""
