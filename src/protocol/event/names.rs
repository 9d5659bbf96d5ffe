//! Enums whose variants have a name on the wire.

/// Declares such an enum, each variant with its name.
macro_rules! names {
    ($(#[$attribute:meta])* pub enum $Enum:ident {
        $($(#[$variant_attribute:meta])* $Variant:ident = $name:literal,)*
    }) => {
        $(#[$attribute])*
        pub enum $Enum {
            $($(#[$variant_attribute])* $Variant,)*
        }

        impl $Enum {
            /// All of them, for the test of the documents.
            #[cfg(test)]
            pub(crate) const ALL: &[Self] = &[$(Self::$Variant),*];

            /// As it is written on the wire.
            pub(crate) const fn name(self) -> &'static str {
                match self {
                    $(Self::$Variant => $name,)*
                }
            }
        }
    };
}

pub(super) use names;
