"""Sentences of others: django-unfold has no Russian, some of Django's is not good Russian.

Here makemessages finds them.
"""

from django.utils.translation import gettext_noop

gettext_noop("%(class_name)s %(instance)s")
gettext_noop("Add another %(model)s")
gettext_noop("Add new item")
gettext_noop("Add row")
gettext_noop("After you've created a user, you’ll be able to edit more user options.")
gettext_noop("All applications")
gettext_noop("Apply Filters")
gettext_noop("Bold")
gettext_noop("Choose file to upload")
gettext_noop("Click to cancel")
gettext_noop("Click to download")
gettext_noop("Dark")
gettext_noop("Dataset not found. No action performed.")
gettext_noop("Date")
gettext_noop("Date from")
gettext_noop("Date to")
gettext_noop("Enter an URL")
gettext_noop("Expand row")
gettext_noop("False")
gettext_noop("Forgotten your password or username?")
gettext_noop("From")
gettext_noop("General")
gettext_noop("Go back")
gettext_noop("Heading")
gettext_noop("Image preview")
gettext_noop("Indent decrease")
gettext_noop("Indent increase")
gettext_noop("Italic")
gettext_noop("Light")
gettext_noop("Link")
gettext_noop("Loading more results...")
gettext_noop("More actions")
gettext_noop("Next")
gettext_noop("No data")
gettext_noop("No recent searches")
gettext_noop("No results found")
gettext_noop("No results matching your query")
gettext_noop("Not enough data.")
gettext_noop("Ordered list")
gettext_noop("Paragraph")
gettext_noop("Previous")
gettext_noop("Quote")
gettext_noop("Recent searches")
gettext_noop("Record picture")
gettext_noop("Redo")
gettext_noop("Reset filters")
gettext_noop("Return to site")
gettext_noop("Run")
gettext_noop("Search apps and models...")
gettext_noop("Select action")
gettext_noop("Select action to run")
gettext_noop("Select all rows")
gettext_noop("Select currency")
gettext_noop("Select format")
gettext_noop("Select record")
gettext_noop("Select value")
gettext_noop("Strike")
gettext_noop("System")
gettext_noop("This exporter will export the following fields")
gettext_noop("This item will be deleted.")
gettext_noop("This page yielded into no results. Create a new item or reset your filters.")
gettext_noop("To")
gettext_noop("Toggle password visibility")
gettext_noop("True")
gettext_noop("Type to search")
gettext_noop("Underlined")
gettext_noop("Undo")
gettext_noop("Unlink")
gettext_noop("Unordered list")
gettext_noop("Value")
gettext_noop("View traceback")
gettext_noop("Welcome")
gettext_noop("Welcome back to")
gettext_noop("You can not create nested object without parent")
gettext_noop("You have been successfully logged out from the administration")
gettext_noop("Save and add another")
gettext_noop("Save and continue editing")
gettext_noop("Successfully deleted %(count)d %(items)s.")
gettext_noop("The %(name)s “%(obj)s” was deleted successfully.")
gettext_noop("The {name} “{obj}” was added successfully.")
gettext_noop("The {name} “{obj}” was added successfully. You may add another {name} below.")
gettext_noop("The {name} “{obj}” was changed successfully.")
gettext_noop("The {name} “{obj}” was changed successfully. You may add another {name} below.")
gettext_noop("The {name} “{obj}” was changed successfully. You may edit it again below.")
gettext_noop(
    "Deleting the %(object_name)s '%(escaped_object)s' would require deleting the following"
    " protected related objects:"
)
gettext_noop(
    "Deleting the %(object_name)s '%(escaped_object)s' would result in deleting related objects,"
    " but your account doesn't have permission to delete the following types of objects:"
)
gettext_noop(
    'Are you sure you want to delete the %(object_name)s "%(escaped_object)s"? All of the'
    " following related items will be deleted:"
)
gettext_noop(
    "This object doesn’t have a change history. It probably wasn’t added via this admin site."
)
gettext_noop(
    "Raw passwords are not stored, so there is no way to see this user’s password, but you can"
    ' change the password using <a href="{}" class="text-primary-600 dark:text-primary-500">this'
    " form</a>."
)
gettext_noop(
    "The groups this user belongs to. A user will get all permissions granted to each of their"
    " groups."
)
gettext_noop("Designates whether the user can log into this admin site.")
gettext_noop("group")
gettext_noop("groups")
gettext_noop("staff status")
gettext_noop("superuser status")
gettext_noop("Cancel")
gettext_noop("Submit")
